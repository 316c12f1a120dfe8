// A partner service gets a token of its own, introspects it, revokes a user's session and polls for the event.
import assert from 'node:assert/strict'
import { Api } from '../../generated/swagger-typescript-api/api.js'

const [baseUrl = 'http://localhost:3000', email = '', password = '', id = '', secret = ''] = process.argv.slice(2)
const client = new Api<string>({
  baseUrl,
  securityWorker: basic => basic === null ? {} : { headers: { authorization: `Basic ${basic}` } }
})
client.setSecurityData(Buffer.from(`${id}:${secret}`).toString('base64'))
const { api, oauth } = client

const granted = await oauth.oauthToken({ grant_type: 'client_credentials' })
if (!granted.ok) throw new Error(granted.error.error_description)
const own = await oauth.oauthIntrospect({ token: granted.data.access_token })
assert.equal(own.data.client_id, id)

const login = await api.partnerLogin({ email, password })
if (!login.ok) throw new Error(login.error.error.message)
const { token, refreshToken } = login.data.data
const revoked = await oauth.oauthRevoke({ token: refreshToken })
assert.equal(revoked.status, 200)
const after = await oauth.oauthIntrospect({ token })
assert.deepEqual(after.data, { active: false })

const events = await oauth.oauthPollEvents({ returnImmediately: true })
assert.equal(Object.keys(events.data.sets).length, 1)

const refused = await oauth.oauthToken({ grant_type: 'password' })
assert.equal(refused.error.error, 'unsupported_grant_type')
