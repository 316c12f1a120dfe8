import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { bundle } from '../../packages/client/test/support/bundle.js'
import { noBrowser, openPage } from '../support/browser.js'
import { build } from '../support/build.js'
import { mailboxOf } from '../support/mailbox.js'
import { newPerson } from '../support/people.js'
import { sendRequest } from '../support/requester.js'

/** Serves the page and its one module, as a web server of static files would; returns its origin. */
async function servePage (t: Test): Promise<string> {
  const page = await readFile(new URL('../../examples/account.html', import.meta.url))
  const client = await bundle()
  const server = createServer(({ url = '' }, response) => {
    const isModule = url === '/node_modules/@keyturn/client/dist/index.js'
    response.setHeader('content-type', isModule ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(isModule ? client : page)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Fills the form with this button, presses it, and returns what the page then says. */
async function submit (page: Page, button: string, fields: Record<string, string> = {}): Promise<string> {
  const form = page.locator('form').filter({ has: page.getByRole('button', { name: button, exact: true }) })
  for (const [name, value] of Object.entries(fields)) await form.getByLabel(name, { exact: true }).fill(value)
  return saying(page, () => form.getByRole('button').click())
}

async function saying (page: Page, act: () => Promise<void>): Promise<string> {
  const result = page.locator('#result')
  await page.evaluate('document.querySelector("#result").textContent = ""')
  await act()
  await result.filter({ hasText: /./ }).waitFor()
  return await result.textContent() ?? ''
}

t.test('the example signs up, verifies, signs in, ends devices, resets, changes the address and deletes', {
  skip: noBrowser
}, async t => {
  const origin = await servePage(t)
  const server = await build(t, { settings: { corsOrigins: [origin] } })
  const mailbox = mailboxOf(server.settings)
  const page = await openPage(t)
  await page.goto(`${origin}/?api=${server.api}`)
  const user = page.locator('#user')
  const devices = page.locator('#devices li')
  const { email, password } = newPerson()
  const newPassword = 'marble lantern orchard'

  t.match(await submit(page, 'Sign up', { email, password: 'short' }), /too short/)
  t.match(await submit(page, 'Sign up', { email, password }), /^Done: token/)
  t.equal(await user.textContent(), email)
  const { code } = await mailbox.next(email, 'verify-email')
  t.match(await submit(page, 'Confirm the address', { email, code: '00000000' }), /code/i)
  t.equal(await submit(page, 'Confirm the address', { email, code }), 'Done: verified')
  t.equal(await user.textContent(), `${email}, confirmed`)

  await page.reload()
  await user.filter({ hasText: email }).waitFor()
  t.equal(await submit(page, 'Sign out'), 'Done: signedOut')
  t.match(await submit(page, 'Sign in', { email, password: 'a wrong password' }), /incorrect/)
  const phone = await sendRequest(server.api, 'POST /api/account/sign-in', {
    json: { email, password }, headers: { 'x-client-name': 'Phone' }
  })
  t.match(await submit(page, 'Sign in', { email, password }), /^Done: token/)
  t.match(await devices.allTextContents(), [/^Example page, 127\.0\.0\.0\/24 \(this one\)$/, /^Phone, /])
  t.equal(await saying(page, () => devices.getByRole('button', { name: 'End' }).click()), 'Done: ended')
  t.equal(await devices.count(), 1)
  const { status } = await sendRequest(server.api, 'GET /api/account/me', { bearer: String(phone.body.data.token) })
  t.equal(status, 401)

  t.equal(await submit(page, 'Sign out'), 'Done: signedOut')
  t.equal(await submit(page, 'Send a code for a new password', { email }), 'Done: sent')
  const reset = { email, code: (await mailbox.next(email, 'reset-password')).code, newPassword }
  t.equal(await submit(page, 'Set the password', reset), 'Done: reset')
  t.match(await submit(page, 'Sign in', { email, password: newPassword }), /^Done: token/)

  const newEmail = newPerson().email
  t.equal(await submit(page, 'Send a code to a new address', { newEmail, password: newPassword }), 'Done: sent')
  const { code: proof } = await mailbox.next(newEmail, 'change-email')
  t.equal(await submit(page, 'Change the address', { code: proof }), 'Done: user')
  t.equal(await user.textContent(), `${newEmail}, confirmed`)

  t.equal(await submit(page, 'Delete the account', { password: newPassword }), 'Done: deletesAt')
  t.match(await submit(page, 'Sign in', { email: newEmail, password: newPassword }), /delet/i)
})

t.test('an access token that has expired is refreshed on the way', { skip: noBrowser }, async t => {
  const origin = await servePage(t)
  let ahead = 0
  const server = await build(t, { settings: { corsOrigins: [origin] }, now: () => Date.now() + ahead })
  const page = await openPage(t)
  await page.goto(`${origin}/?api=${server.api}`)
  const { email, password } = newPerson()
  await submit(page, 'Sign up', { email, password })
  ahead = 2 * 3_600_000
  await page.reload()
  await page.locator('#user').filter({ hasText: email }).waitFor()
  t.equal(await page.locator('#owner').isVisible(), true)
})
