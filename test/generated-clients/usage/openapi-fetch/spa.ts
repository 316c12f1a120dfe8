// A single-page application registers, signs in, reads the account and signs out.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { paths } from '../../generated/openapi-typescript/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = ''] = process.argv.slice(2)
const keyturn = createClient<paths>({ baseUrl })
const username = email.slice(0, email.indexOf('@'))

const weak = await keyturn.POST('/api/auth/register', { body: { username, email, password: 'short' } })
assert.equal(weak.response.status, 422)
// A 422 has a list of problems, every other refusal a sentence: the type of `detail` says so.
const problems = Array.isArray(weak.error?.detail) ? weak.error.detail : []
assert.deepEqual(problems.map(({ loc, type }) => [...loc, type]), [
  ['body', 'password', 'value_error.any_str.min_length']
])

const registered = await keyturn.POST('/api/auth/register', { body: { username, email, password } })
if (registered.error !== undefined) throw new Error(`not registered: ${JSON.stringify(registered.error.detail)}`)

const signedIn = await keyturn.POST('/api/auth/token', { body: { email, password } })
if (signedIn.error !== undefined) throw new Error(`not signed in: ${JSON.stringify(signedIn.error.detail)}`)
const { access_token: accessToken, user_id: userId } = signedIn.data

// From here on every request carries the token.
keyturn.use({
  onRequest ({ request }) {
    request.headers.set('authorization', `Bearer ${accessToken}`)
    return request
  }
})

const me = await keyturn.GET('/api/auth/me')
assert.deepEqual(me.data, registered.data)
assert.equal(String(me.data?.id), userId)

await keyturn.POST('/api/auth/logout')
const after = await keyturn.GET('/api/auth/me')
assert.equal(after.response.status, 401)
assert.equal(after.error?.detail, 'Could not validate credentials')
