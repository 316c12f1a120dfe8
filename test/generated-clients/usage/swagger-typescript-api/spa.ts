// A single-page application registers, signs in, reads the account and signs out.
import assert from 'node:assert/strict'
import { Api } from '../../generated/swagger-typescript-api/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = ''] = process.argv.slice(2)
const client = new Api<string>({
  baseUrl,
  // Asked for each request that the document says needs a token.
  securityWorker: token => token === null ? {} : { headers: { authorization: `Bearer ${token}` } }
})
const { api: keyturn } = client
const username = email.slice(0, email.indexOf('@'))

const weak = await keyturn.spaRegister({ username, email, password: 'short' })
assert.equal(weak.status, 422)
// A 422 has a list of problems, every other refusal a sentence: the type of `detail` says so.
const problems = Array.isArray(weak.error.detail) ? weak.error.detail : []
assert.deepEqual(problems.map(({ loc, type }) => [...loc, type]), [
  ['body', 'password', 'value_error.any_str.min_length']
])

const registered = await keyturn.spaRegister({ username, email, password })
if (!registered.ok) throw new Error(`not registered: ${JSON.stringify(registered.error.detail)}`)

const signedIn = await keyturn.spaToken({ email, password })
if (!signedIn.ok) throw new Error(`not signed in: ${JSON.stringify(signedIn.error.detail)}`)
client.setSecurityData(signedIn.data.access_token)

const me = await keyturn.spaMe()
assert.deepEqual(me.data, registered.data)
assert.equal(String(me.data.id), signedIn.data.user_id)

await keyturn.spaLogout()
const after = await keyturn.spaMe()
assert.equal(after.status, 401)
assert.equal(after.error.detail, 'Could not validate credentials')
