// A mobile application signs up, refreshes, shows the devices, changes profile and password, and signs out.
import assert from 'node:assert/strict'
import { Api, type AccountError } from '../../generated/swagger-typescript-api/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = ''] = process.argv.slice(2)
const client = new Api<string>({
  baseUrl,
  baseApiParams: { headers: { 'x-client-name': 'Test phone' } },
  securityWorker: token => token === null ? {} : { headers: { authorization: `Bearer ${token}` } }
})
const { api: keyturn } = client

/** What to tell the user. */
function explain ({ code, message, reason }: AccountError['error']): string {
  if (code === 'PASSWORD_REFUSED') {
    return reason === 'password_too_short' ? 'Choose a longer password.' : 'Choose another password.'
  }
  return message
}

const weak = await keyturn.accountSignUp({ email, password: 'short' })
assert.equal(explain(weak.error.error), 'Choose a longer password.')

const signedUp = await keyturn.accountSignUp({ email, password, name: 'Ada' })
if (!signedUp.ok) throw new Error(explain(signedUp.error.error))
// With EMAIL_VERIFICATION=required there are no tokens yet: the body of 202 says that a mail was sent.
if (!('token' in signedUp.data.data)) throw new Error('confirm the address first')
const { refreshToken, user } = signedUp.data.data
assert.equal(user.emailVerified, false)

const refreshed = await keyturn.accountRefresh({ refreshToken })
if (!refreshed.ok) throw new Error(explain(refreshed.error.error))
client.setSecurityData(refreshed.data.data.token)

const profile = await keyturn.accountUpdateMe({ name: 'Ada Lovelace' })
assert.deepEqual(profile.data.data.user, { ...user, name: 'Ada Lovelace' })

const devices = await keyturn.accountSessions({ limit: 10 })
assert.deepEqual(devices.data.data.sessions.map(({ device, isCurrent }) => ({ device, isCurrent })), [
  { device: 'Test phone', isCurrent: true }
])
assert.equal(devices.data.data.next, null)

const wrong = await keyturn.accountChangePassword({ currentPassword: 'a wrong password', newPassword: `${password}!` })
assert.equal(wrong.error.error.code, 'INVALID_CREDENTIALS')
const changed = await keyturn.accountChangePassword({ currentPassword: password, newPassword: `${password}!` })
if (!changed.ok) throw new Error(explain(changed.error.error))
client.setSecurityData(changed.data.data.token)

const sent = await keyturn.accountSendVerification({ email })
assert.equal(sent.data.data.sent, true)
const code = await keyturn.accountVerifyEmail({ email, code: 'not it' })
assert.equal(code.error.error.reason, 'code_wrong')

const signedOut = await keyturn.accountSignOut({ refreshToken: changed.data.data.refreshToken })
assert.equal(signedOut.data.data.signedOut, true)
const after = await keyturn.accountMe()
assert.equal(after.error.error.reason, 'signed_out')
