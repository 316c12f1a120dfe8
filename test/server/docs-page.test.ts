import t from 'tap'
import { noBrowser, openPage } from '../support/browser.js'
import { build } from '../support/build.js'
import { loggedIn, registered } from '../support/people.js'

// Issue 3: the docs page works in a real browser.
t.test('a login from the docs page shows the token', { skip: noBrowser }, async t => {
  const server = await build(t)
  const { email, password } = await registered(server.api)
  const page = await openPage(t)

  // By name, since on localhost the page leaves out what it would fetch from elsewhere (a badge of swagger.io's).
  const address = new URL(server.api)
  address.hostname = 'keyturn.test'
  const hosts = new Set<string>()
  const complaints: string[] = []
  page.on('request', request => {
    const { protocol, host } = new URL(request.url())
    if (protocol !== 'data:') hosts.add(host)
  })
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(String(error)))

  await page.goto(new URL('/docs', address).href)
  const operation = page.locator('#operations-partner-partnerLogin')
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('textarea.body-param__text').fill(JSON.stringify({ email, password }))
  await operation.getByRole('button', { name: 'Execute' }).click()

  const reply = operation.locator('.live-responses-table')
  t.match(await reply.locator('.response-col_status').last().innerText(), /^200/)
  const text = await reply.locator('.response-col_description .highlight-code code').first().innerText()
  const { data } = JSON.parse(text) as { data: { token: string, user: { email: string } } }
  t.match(data.token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
  t.equal(data.user.email, email)

  t.same([...hosts], [address.host], 'it asks no other server for anything')
  t.same(complaints, [])
})

t.test('the docs page takes a token and a cookie, and keeps both over a reload', { skip: noBrowser }, async t => {
  const listen = [{ host: '127.0.0.1', port: 0, contracts: ['partner', 'session', 'spa'] }]
  const { api } = await build(t, { settings: { listen } })
  const page = await openPage(t)
  const person = await registered(api)
  const { token } = await loggedIn(api, person)

  /** Loads the page at an operation and calls it, with the credentials that the page holds. */
  async function call (tag: string, operation: string): Promise<unknown> {
    await page.goto('about:blank')
    await page.goto(`${api}/docs#/${tag}/${operation}`)
    const block = page.locator(`#operations-${tag}-${operation}`)
    await block.getByRole('button', { name: 'Execute' }).click()
    return JSON.parse(await block.locator('.live-responses-table .highlight-code code').first().innerText())
  }

  /** Gives the page that is shown a credential, by its name in the document. */
  async function authorize (name: string, credential: string): Promise<void> {
    await page.locator('.auth-wrapper .authorize').first().click()
    const form = page.locator('.auth-container', { hasText: new RegExp(`\\b${name}\\b`) })
    await form.locator('input').fill(credential)
    await form.locator('button.authorize').click()
    await page.locator('.close-modal').click()
  }

  t.equal(await call('session', 'getSession'), null, 'it begins without a credential')
  t.equal(await page.title(), 'Keyturn: partner, session, spa')
  await authorize('session', token)
  t.match(await call('session', 'getSession'), { user: { email: person.email } })
  await authorize('bearer', token)
  t.match(await call('spa', 'spaMe'), { email: person.email })
})
