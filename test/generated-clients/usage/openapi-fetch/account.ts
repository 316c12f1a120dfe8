// A mobile application signs up, refreshes, shows the devices, changes profile and password, and signs out.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { components, paths } from '../../generated/openapi-typescript/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = ''] = process.argv.slice(2)
const keyturn = createClient<paths>({ baseUrl, headers: { 'x-client-name': 'Test phone' } })
let token: string | null = null
keyturn.use({
  onRequest ({ request }) {
    if (token !== null) request.headers.set('authorization', `Bearer ${token}`)
    return request
  }
})

/** What to tell the user. */
function explain ({ code, message, reason }: components['schemas']['AccountError']['error']): string {
  if (code === 'PASSWORD_REFUSED') {
    return reason === 'password_too_short' ? 'Choose a longer password.' : 'Choose another password.'
  }
  return message
}

const weak = await keyturn.POST('/api/account/sign-up', { body: { email, password: 'short' } })
assert.equal(weak.error && explain(weak.error.error), 'Choose a longer password.')

const signedUp = await keyturn.POST('/api/account/sign-up', { body: { email, password, name: 'Ada' } })
if (signedUp.error !== undefined) throw new Error(explain(signedUp.error.error))
// With EMAIL_VERIFICATION=required there are no tokens yet: the body of 202 says that a mail was sent.
if (!('token' in signedUp.data.data)) throw new Error('confirm the address first')
const { refreshToken, user } = signedUp.data.data
assert.equal(user.emailVerified, false)

const refreshed = await keyturn.POST('/api/account/refresh', { body: { refreshToken } })
if (refreshed.error !== undefined) throw new Error(explain(refreshed.error.error))
token = refreshed.data.data.token

const profile = await keyturn.PATCH('/api/account/me', { body: { name: 'Ada Lovelace' } })
assert.deepEqual(profile.data?.data.user, { ...user, name: 'Ada Lovelace' })

const devices = await keyturn.GET('/api/account/sessions', { params: { query: { limit: 10 } } })
assert.deepEqual(devices.data?.data.sessions.map(({ device, isCurrent }) => ({ device, isCurrent })), [
  { device: 'Test phone', isCurrent: true }
])
assert.equal(devices.data?.data.next, null)

const wrong = await keyturn.POST('/api/account/password', {
  body: { currentPassword: 'a wrong password', newPassword: `${password}!` }
})
assert.equal(wrong.error?.error.code, 'INVALID_CREDENTIALS')
const changed = await keyturn.POST('/api/account/password', {
  body: { currentPassword: password, newPassword: `${password}!` }
})
if (changed.error !== undefined) throw new Error(explain(changed.error.error))
token = changed.data.data.token

const sent = await keyturn.POST('/api/account/email-verification')
assert.equal(sent.data?.data.sent, true)
const code = await keyturn.POST('/api/account/email-verification/confirm', { body: { email, code: 'not it' } })
assert.equal(code.error?.error.reason, 'code_wrong')

const signedOut = await keyturn.POST('/api/account/sign-out', {
  body: { refreshToken: changed.data.data.refreshToken }
})
assert.equal(signedOut.data?.data.signedOut, true)
const after = await keyturn.GET('/api/account/me')
assert.equal(after.error?.error.reason, 'signed_out')
