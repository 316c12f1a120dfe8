// A web application registers, signs in, reads the user and signs out.
import assert from 'node:assert/strict'
import { Api } from '../../generated/swagger-typescript-api/web.js'

const [baseUrl = 'http://localhost:3001', email = '', password = ''] = process.argv.slice(2)
const client = new Api<string>({
  baseUrl,
  securityWorker: cookie => cookie === null ? {} : { headers: { cookie } }
})
const { auth } = client

const registered = await auth.webRegister({ email, password })
if (!registered.ok) throw new Error(registered.error.error)

const signedIn = await auth.webLogin({ email, password })
if (!signedIn.ok) throw new Error(signedIn.error.error)
// A browser keeps the cookie by itself; any other program sends it back.
client.setSecurityData(signedIn.headers.getSetCookie().map(each => each.split(';', 1)[0]).join('; '))

const me = await auth.webMe()
assert.deepEqual(me.data.user, { id: registered.data.user.id, email })

const signedOut = await auth.webLogout()
assert.equal(signedOut.status, 204)
const after = await auth.webMe()
assert.equal(after.error.error, 'Not authenticated')
