// A partner service signs in a user, validates the token, trades the refresh token and signs out.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { paths } from '../../generated/openapi-typescript/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = ''] = process.argv.slice(2)
const keyturn = createClient<paths>({ baseUrl })

const login = await keyturn.POST('/api/auth/login', { body: { email, password } })
// Either `data` or `error` is there; the rest of the program knows which.
if (login.error !== undefined) throw new Error(`${login.error.error.code}: ${login.error.error.message}`)
const { token, refreshToken, user } = login.data.data
assert.equal(user.email, email)
assert.equal(user.subscription.plan, 'free')

const check = await keyturn.POST('/api/auth/validate-token', { body: { token } })
assert.deepEqual(check.data?.data.user, user)

const refreshed = await keyturn.POST('/api/auth/refresh-token', { body: { refreshToken } })
if (refreshed.error !== undefined) throw new Error(refreshed.error.error.code)
const next = refreshed.data.data
assert.notEqual(next.refreshToken, refreshToken)

const signedOut = await keyturn.POST('/api/auth/revoke-token', { body: { refreshToken: next.refreshToken } })
assert.equal(signedOut.data?.data.revoked, true)

const after = await keyturn.POST('/api/auth/validate-token', { body: { token: next.token } })
assert.equal(after.response.status, 401)
// `code` and `reason` have literal types; `retryable` marks an outage, in which tokens are to be kept.
assert.deepEqual(after.error?.error, {
  code: 'INVALID_TOKEN', message: 'The token is invalid or expired', reason: 'signed_out', retryable: false
})
