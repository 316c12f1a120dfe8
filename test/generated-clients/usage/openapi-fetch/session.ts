// Sign up, read the session, list and revoke sessions, extend the session, change the password and sign out.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { components, paths } from '../../generated/openapi-typescript/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = ''] = process.argv.slice(2)
const keyturn = createClient<paths>({ baseUrl })
let token: string | null = null
keyturn.use({
  onRequest ({ request }) {
    if (token !== null) request.headers.set('authorization', `Bearer ${token}`)
    return request
  }
})

/** What to tell the user. */
function explain ({ code, message }: components['schemas']['SessionError']): string {
  switch (code) {
    case 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL': return 'Sign in instead.'
    case 'PASSWORD_TOO_SHORT': return 'Choose a longer password.'
    default: return message
  }
}

const weak = await keyturn.POST('/api/auth/sign-up/email', { body: { name: 'Ada', email, password: 'short' } })
assert.equal(weak.error && explain(weak.error), 'Choose a longer password.')

const signedUp = await keyturn.POST('/api/auth/sign-up/email', { body: { name: 'Ada', email, password } })
if (signedUp.error !== undefined) throw new Error(explain(signedUp.error))
token = signedUp.data.token

const current = await keyturn.GET('/api/auth/get-session')
assert.equal(current.data?.user.id, signedUp.data.user.id)
const sessions = await keyturn.GET('/api/auth/list-sessions')
assert.deepEqual(sessions.data?.map(({ id }) => id), [current.data?.session.id])

const extended = await keyturn.POST('/api/auth/refresh')
if (extended.error !== undefined) throw new Error(explain(extended.error))
token = extended.data.token

const revoked = await keyturn.POST('/api/auth/revoke-other-sessions')
assert.equal(revoked.data?.status, true)
const changed = await keyturn.POST('/api/auth/change-password', {
  body: { currentPassword: password, newPassword: `${password}!` }
})
assert.equal(changed.data?.user.email, email)

const signedOut = await keyturn.POST('/api/auth/sign-out')
assert.equal(signedOut.data?.success, true)
// Not to be signed in is an answer, not an error.
const after = await keyturn.GET('/api/auth/get-session')
assert.equal(after.data, null)
