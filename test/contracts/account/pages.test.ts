import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { noBrowser, openPage } from '../../support/browser.js'
import { build, type BuildOptions } from '../../support/build.js'
import { send } from '../../support/http.js'
import { mailboxOf } from '../../support/mailbox.js'
import { newPerson } from '../../support/people.js'
import { sendRaw } from '../../support/raw-http.js'
import { sendRequest } from '../../support/requester.js'

/* The pages that links in mails open, in a real browser, from the mail to the result, with the keyboard only. */

const links = Number(process.env.KEYTURN_SCANNED_LINKS ?? 10)

t.setTimeout(900_000 + links * 2_000)

const newPassword = 'violin harbor meadow'

async function setUp (t: Test, options: BuildOptions = {}) {
  const server = await build(t, options)
  const mailbox = mailboxOf(server.settings)
  const post = (path: string, json: object, bearer?: string) =>
    sendRequest(server.api, `POST /api/account/${path}`, { json, ...bearer !== undefined && { bearer } })

  async function signedUp () {
    const { email, password } = newPerson()
    const { body } = await post('sign-up', { email, password })
    return { email, password, token: String(body.data.token) }
  }

  return {
    server,
    mailbox,
    post,
    signedUp,
    /** A link of a mail, at the address where this server really is. */
    here: (link: string) => link.replace(/^http:\/\/localhost:3000/, server.api)
  }
}

/** Reaches the button with the keyboard alone, presses it, and returns what the page then says. */
async function press (page: Page, button: string): Promise<string> {
  for (let tab = 0; tab < 6; tab += 1) {
    const focused = await page.evaluate('document.activeElement.tagName + " " + document.activeElement.textContent')
    if (focused === `BUTTON ${button}`) break
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Enter')
  return said(page)
}

async function said (page: Page): Promise<string> {
  const result = page.getByRole('status')
  await page.locator('#result:not(:empty)').waitFor()
  return result.innerText()
}

t.test('each page does what its mail says, when its button is pressed', { skip: noBrowser }, async t => {
  const { server, mailbox, post, signedUp, here } = await setUp(t)
  const page = await openPage(t)
  const complaints: string[] = []
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(String(error)))

  const { email, password, token } = await signedUp()
  const verification = await mailbox.next(email, 'verify-email')
  const reply = await page.goto(here(verification.link))
  t.equal(await page.title(), 'Confirm your email address')
  t.match(reply?.headers(), {
    'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'content-security-policy': /default-src 'none'/
  })
  t.match(await press(page, 'Confirm the address'), /^The address is confirmed/)
  t.equal(await page.evaluate('document.activeElement.id'), 'result', 'a screen reader says it')
  t.equal(new URL(page.url()).hash, '', 'the token is gone from the address')
  t.same(complaints, [])

  await post('password-reset', { email })
  const reset = await mailbox.next(email, 'reset-password')
  await page.goto(here(reset.link))
  await page.getByLabel('New password').focus()
  await page.keyboard.type('password')
  t.match(await press(page, 'Set the password'), /^This password is too short, too long, or one of the most used/)
  await page.getByLabel('New password').fill(newPassword)
  t.match(await press(page, 'Set the password'), /^The password is set, and all devices are signed out/)
  t.equal((await sendRequest(server.api, 'GET /api/account/me', { bearer: token })).status, 401)

  const { body } = await post('sign-in', { email, password: newPassword })
  const newEmail = newPerson().email
  await post('email', { newEmail, password: newPassword }, String(body.data.token))
  await page.goto(here((await mailbox.next(newEmail, 'change-email')).link))
  t.match(await press(page, 'Change the address'), /^The address of your account is changed/)
  await page.goto(here((await mailbox.next(email, 'email-changed')).link))
  t.match(await press(page, 'Bring the address back'), /^The address is back/)

  await post('sign-in/link', { email })
  await page.goto(here((await mailbox.next(email, 'sign-in-link')).link))
  t.match(await press(page, 'Sign in'), /^You are signed in, in this browser/)
  const session = await page.evaluate('fetch("/api/auth/get-session").then(reply => reply.json())')
  t.match(session, { user: { email, emailVerified: true } })
  t.not(await post('sign-in', { email, password }).then(({ status }) => status), 200)

  await page.goto('about:blank')
  await page.goto(here(reset.link))
  await page.getByLabel('New password').fill(newPassword)
  t.match(await press(page, 'Set the password'), /^This link has expired or was used already/)
})

t.test('without a connection the page says so, and the link is still good', { skip: noBrowser }, async t => {
  const { mailbox, signedUp, here } = await setUp(t)
  const page = await openPage(t)
  const { email } = await signedUp()
  await page.goto(here((await mailbox.next(email, 'verify-email')).link))
  await page.context().setOffline(true)
  t.match(await press(page, 'Confirm the address'), /^The service could not be reached\. Your link is still good/)
  await page.context().setOffline(false)
  t.match(await press(page, 'Confirm the address'), /^The address is confirmed/)
})

t.test('who opens links but presses nothing uses none of them up', { skip: noBrowser }, async t => {
  const { mailbox, signedUp, here, post, server } = await setUp(t)
  const page = await openPage(t)
  const opened = []
  for (let mails = 0; mails < links; mails += 1) {
    const { email } = await signedUp()
    const { link, token } = await mailbox.next(email, 'verify-email')
    opened.push({ link: here(link), token })
  }
  for (const { link, token } of opened) {
    for (const method of ['GET', 'HEAD']) t.equal((await send(link, { method, body: null })).status, 200)
    await page.goto(link, { waitUntil: 'networkidle' })
    const dialect = `/api/auth/verify-email?token=${token}`
    const open = (...headers: string[]) => sendRaw(server.api, { method: 'GET', target: dialect, headers })
    const navigated = await open('Sec-Fetch-Mode: navigate')
    t.equal(navigated.status, 302, 'a navigation of the other dialect is sent to the page')
    t.equal((await open('Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Site: cross-site')).status, 403)
  }
  for (const { token } of opened) t.equal((await post('email-verification/confirm', { token })).status, 200)
})

t.test('without contract session on its listener the page of a sign-in link signs in no browser', async t => {
  const listen = [{ host: '127.0.0.1', port: 0, contracts: ['account'] }]
  const { server, mailbox, post, signedUp, here } = await setUp(t, { settings: { listen } })
  const { email } = await signedUp()
  await post('sign-in/link', { email })
  const { text } = await send(here((await mailbox.next(email, 'sign-in-link')).link))
  t.match(text, /Open this link on the device and in the application where you asked for it/)
  t.notMatch(text, /<form/)
  t.equal((await send(`${server.api}/account/page.js`)).headers.get('content-type'), 'text/javascript; charset=utf-8')
})

t.test('with ACCOUNT_URL links lead to the pages of the operator, and there are no others', async t => {
  const { server, mailbox, signedUp } = await setUp(t, {
    settings: { pagesUrl: 'https://app.example.com/account', hasOwnPages: true }
  })
  const { email } = await signedUp()
  t.match((await mailbox.next(email, 'verify-email')).link, /^https:\/\/app\.example\.com\/account\/verify#token=/)
  for (const path of ['verify', 'reset', 'link', 'email', 'undo', 'page.js']) {
    t.equal((await send(`${server.api}/account/${path}`)).status, 404)
  }
})
