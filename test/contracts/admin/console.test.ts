import type { Page } from 'playwright-core'
import t from 'tap'
import { adminToken, build } from '../../support/build.js'
import { noBrowser, openPage } from '../../support/browser.js'
import { post, send } from '../../support/http.js'
import { newPartner } from '../../support/partner.js'
import { signedUp } from '../../support/people.js'

/* The console in a real browser. KEYTURN_PICTURES=folder keeps pictures of its views, which docs/admin.md shows. */

t.setTimeout(900_000)

const pictures = process.env.KEYTURN_PICTURES

async function picture (page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png` })
}

async function signIn (page: Page, token = adminToken): Promise<void> {
  await page.getByLabel('Admin token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

t.test('the console is there where a token could administer, and nowhere else', async t => {
  const { ops } = await build(t)
  const page = await send(`${ops}/admin/ui`)
  t.match([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8'])
  t.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; style-src 'self'/)
  t.notMatch(page.headers.get('content-security-policy'), 'unsafe')
  t.equal(page.headers.get('set-cookie'), null)
  t.match((await send(`${ops}/admin/ui/console.js`)).headers.get('content-type'), 'text/javascript')
  t.match((await send(`${ops}/admin/ui/console.css`)).headers.get('content-type'), 'text/css')
  const without = await build(t, { settings: { adminToken: undefined }, ownDatabase: true })
  t.equal((await send(`${without.ops}/admin/ui`)).status, 404)
})

t.test('an operator finds an account, sees what happened, and acts', { skip: noBrowser }, async t => {
  const server = await build(t, { ownDatabase: true })
  await newPartner(server)
  const { email, password } = await signedUp(server.api)
  await signedUp(server.api)
  await post(`${server.api}/api/auth/login`, { email, password: 'wrong' })
  const page = await openPage(t)
  const faults: string[] = []
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => { if (message.type() === 'error') faults.push(message.text()) })
  const say = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor()

  await page.goto(`${server.ops}/admin/ui`)
  await signIn(page, 'a token that is not valid, of 32 characters')
  await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor()
  t.same(faults.splice(0).filter(each => !each.includes('401')), [])
  await signIn(page)

  await page.getByLabel(/Beginning of an email/).fill(email.slice(0, 12))
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /@example\.com$/ }).nth(1).waitFor({ state: 'detached' })
  await picture(page, 'console-accounts')
  await page.getByRole('button', { name: email }).click()
  await page.getByRole('heading', { name: email }).waitFor()
  await page.getByRole('cell', { name: 'sign_in_failed' }).waitFor()
  await picture(page, 'console-account')

  await page.getByRole('button', { name: /^End the session on/ }).first().click()
  await say('The session has ended.')
  await page.getByText('There is no live session.').waitFor()
  await page.getByRole('button', { name: 'Disable' }).click()
  await say('The account is disabled.')
  t.equal((await post(`${server.api}/api/auth/login`, { email, password })).status, 401)
  await page.getByRole('button', { name: 'Enable' }).click()
  await say('The account is enabled.')
  t.equal((await post(`${server.api}/api/auth/login`, { email, password })).status, 200)
  await page.getByRole('button', { name: 'End all sessions' }).click()
  await say('All sessions have ended.')
  await page.getByRole('button', { name: 'Send a mail for a new password' }).click()
  await say('The mail is on its way.')
  await page.getByRole('cell', { name: 'password_reset_sent' }).waitFor()
  await page.getByRole('button', { name: 'Back to the list' }).click()

  for (const [text, found] of [['@no-such-name', false], ['no-such-beginning', false], [email, true]] as const) {
    await page.getByLabel(/Beginning of an email/).fill(text)
    await page.getByRole('button', { name: 'Find' }).click()
    await (found ? page.getByRole('button', { name: email }) : page.getByText('No account is found.')).waitFor()
  }
  t.same(faults, [])
})

t.test('clients, keys and what the process does are views of their own', { skip: noBrowser }, async t => {
  const server = await build(t, { ownDatabase: true })
  await newPartner(server)
  const { email, password } = await signedUp(server.api)
  const page = await openPage(t)
  await page.goto(`${server.ops}/admin/ui`)
  await signIn(page)
  const view = (name: string) => page.getByRole('navigation').getByRole('button', { name }).click()
  await view('Clients')
  await page.getByRole('cell', { name: 'SeshTracker' }).waitFor()
  await view('Keys')
  await page.getByRole('cell', { name: 'signs' }).waitFor()
  await page.getByRole('button', { name: 'Announce the next key' }).click()
  await page.getByRole('cell', { name: 'next' }).waitFor()
  await view('Live')
  const signIns = page.getByRole('row', { name: /^Sign-ins that succeeded/ })
  await signIns.filter({ hasText: /succeeded\s*1/ }).waitFor()
  await post(`${server.api}/api/auth/login`, { email, password })
  await signIns.filter({ hasText: /succeeded\s*2\s*\d/ }).waitFor()
  await picture(page, 'console-live')

  t.equal(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length'), 0)
  await page.reload()
  await page.getByLabel('Admin token').waitFor()
})

t.test('a token that may only read sees everything, and is refused what changes something', {
  skip: noBrowser
}, async t => {
  const server = await build(t, { ownDatabase: true })
  const { email } = await signedUp(server.api)
  const partner = await newPartner(server, { grantTypes: ['client_credentials'], scopes: ['admin:read'] })
  const basic = Buffer.from(`${partner.id}:${partner.secret}`).toString('base64')
  const { body } = await send(`${server.api}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'admin:read' })
  })
  const page = await openPage(t)
  await page.goto(`${server.ops}/admin/ui`)
  await signIn(page, String(body.access_token))
  await page.getByRole('button', { name: email }).click()
  await page.getByRole('button', { name: 'Disable' }).click()
  await page.getByRole('alert').filter({ hasText: /scope/i }).waitFor()
  await page.getByRole('button', { name: 'Disable' }).waitFor()
})
