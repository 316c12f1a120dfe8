// A partner service signs in a user, validates the token, trades the refresh token and signs out.
import assert from 'node:assert/strict'
import { Api } from '../../generated/swagger-typescript-api/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = ''] = process.argv.slice(2)
const { api: keyturn } = new Api({ baseUrl })

const login = await keyturn.partnerLogin({ email, password })
// `data` counts when `ok` is true, `error` when it is not; both have their types.
if (!login.ok) throw new Error(`${login.error.error.code}: ${login.error.error.message}`)
const { token, refreshToken, user } = login.data.data
assert.equal(user.email, email)
assert.equal(user.subscription.plan, 'free')

const check = await keyturn.partnerValidateToken({ token })
assert.ok(check.ok)
assert.deepEqual(check.data.data.user, user)

const refreshed = await keyturn.partnerRefreshToken({ refreshToken })
if (!refreshed.ok) throw new Error(refreshed.error.error.code)
const next = refreshed.data.data
assert.notEqual(next.refreshToken, refreshToken)

const signedOut = await keyturn.partnerRevokeToken({ refreshToken: next.refreshToken })
assert.equal(signedOut.data.data.revoked, true)

const after = await keyturn.partnerValidateToken({ token: next.token })
assert.equal(after.status, 401)
// `code` and `reason` have literal types; `retryable` marks an outage, in which tokens are to be kept.
assert.deepEqual(after.error.error, {
  code: 'INVALID_TOKEN', message: 'The token is invalid or expired', reason: 'signed_out', retryable: false
})
