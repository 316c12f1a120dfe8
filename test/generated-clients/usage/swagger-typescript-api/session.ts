// Sign up, read the session, list and revoke sessions, extend the session, change the password and sign out.
import assert from 'node:assert/strict'
import { Api, type SessionError } from '../../generated/swagger-typescript-api/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = ''] = process.argv.slice(2)
const client = new Api<string>({
  baseUrl,
  securityWorker: token => token === null ? {} : { headers: { authorization: `Bearer ${token}` } }
})
const { api: keyturn } = client

/** What to tell the user. */
function explain ({ code, message }: SessionError): string {
  switch (code) {
    case 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL': return 'Sign in instead.'
    case 'PASSWORD_TOO_SHORT': return 'Choose a longer password.'
    default: return message
  }
}

const weak = await keyturn.signUpEmail({ name: 'Ada', email, password: 'short' })
assert.equal(explain(weak.error), 'Choose a longer password.')

const signedUp = await keyturn.signUpEmail({ name: 'Ada', email, password })
if (!signedUp.ok) throw new Error(explain(signedUp.error))
client.setSecurityData(signedUp.data.token)

const current = await keyturn.getSession()
assert.equal(current.data?.user.id, signedUp.data.user.id)
const sessions = await keyturn.listSessions()
assert.deepEqual(sessions.data.map(({ id }) => id), [current.data?.session.id])

const extended = await keyturn.refreshSession()
if (!extended.ok) throw new Error(explain(extended.error))
client.setSecurityData(extended.data.token)

const revoked = await keyturn.revokeOtherSessions()
assert.equal(revoked.data.status, true)
const changed = await keyturn.changePassword({ currentPassword: password, newPassword: `${password}!` })
assert.equal(changed.data.user.email, email)

const signedOut = await keyturn.signOut()
assert.equal(signedOut.data.success, true)
// Not to be signed in is an answer, not an error.
const after = await keyturn.getSession()
assert.equal(after.data, null)
