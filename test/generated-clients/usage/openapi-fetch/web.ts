// A web application registers, signs in, reads the user and signs out.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { paths } from '../../generated/openapi-typescript/web.js'

const [baseUrl = 'http://localhost:3001', email = '', password = ''] = process.argv.slice(2)
const keyturn = createClient<paths>({ baseUrl })

const registered = await keyturn.POST('/auth/register', { body: { email, password } })
if (registered.error !== undefined) throw new Error(registered.error.error)

const signedIn = await keyturn.POST('/auth/login', { body: { email, password } })
if (signedIn.error !== undefined) throw new Error(signedIn.error.error)
// A browser keeps the cookie by itself; any other program sends it back.
const cookie = signedIn.response.headers.getSetCookie().map(each => each.split(';', 1)[0]).join('; ')

const me = await keyturn.GET('/auth/me', { headers: { cookie } })
assert.deepEqual(me.data?.user, { id: registered.data.user.id, email })

const signedOut = await keyturn.POST('/auth/logout', { headers: { cookie } })
assert.equal(signedOut.response.status, 204)
const after = await keyturn.GET('/auth/me', { headers: { cookie } })
assert.equal(after.error?.error, 'Not authenticated')
