/*
 * The token is in the fragment of the address, which no browser sends to a server. It is sent when the button is
 * pressed, never when the page is opened: programs that check mails open every link.
 */

const form = document.querySelector('form')
const result = document.querySelector('#result')
const token = new URLSearchParams(location.hash.slice(1)).get('token')

form?.addEventListener('submit', async event => {
  event.preventDefault()
  const { action, messages } = form.dataset
  const texts = JSON.parse(messages)
  const button = form.querySelector('button')
  button.disabled = true
  say('')
  try {
    const body = JSON.stringify({ token: token ?? '', ...Object.fromEntries(new FormData(form)) })
    const reply = await fetch(action, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (reply.ok) {
      form.remove()
      history.replaceState(null, '', location.pathname)
      say(texts.done)
      return
    }
    const { error = {}, code = error.code } = await reply.json()
    say(texts[code.toLowerCase()] ?? (reply.status === 429 ? texts.rate_limited : texts.other))
  } catch {
    say(texts.offline)
  }
  button.disabled = false
})

/** Says it to people who see and to people who hear. */
function say (text) {
  result.textContent = text
  if (text !== '') result.focus()
}
