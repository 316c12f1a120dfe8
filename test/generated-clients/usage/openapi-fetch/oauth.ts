// A partner service gets a token of its own, introspects it, revokes a user's session and polls for the event.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { paths } from '../../generated/openapi-typescript/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = '', id = '', secret = ''] = process.argv.slice(2)
const keyturn = createClient<paths>({ baseUrl })
const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
const form = { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } }

const granted = await keyturn.POST('/oauth/token', { ...form, body: { grant_type: 'client_credentials' } })
if (granted.error !== undefined) throw new Error(granted.error.error_description)
const own = await keyturn.POST('/oauth/introspect', { ...form, body: { token: granted.data.access_token } })
assert.equal(own.data?.client_id, id)

const login = await keyturn.POST('/api/auth/login', { body: { email, password } })
if (login.error !== undefined) throw new Error(login.error.error.message)
const { token, refreshToken } = login.data.data
const revoked = await keyturn.POST('/oauth/revoke', { ...form, body: { token: refreshToken } })
assert.equal(revoked.response.status, 200)
const after = await keyturn.POST('/oauth/introspect', { ...form, body: { token } })
assert.deepEqual(after.data, { active: false })

const events = await keyturn.POST('/oauth/events', { headers, body: { returnImmediately: true } })
assert.equal(Object.keys(events.data?.sets ?? {}).length, 1)

const refused = await keyturn.POST('/oauth/token', { ...form, body: { grant_type: 'password' } })
assert.equal(refused.error?.error, 'unsupported_grant_type')
