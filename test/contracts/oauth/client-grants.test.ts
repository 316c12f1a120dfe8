import t from 'tap'
import { clientPermissions } from '../../../src/core/partners/clients.js'
import { clientInfo } from '../../support/accounts.js'
import { post } from '../../support/http.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { basic, buildForPartner, newPartner, type Partner } from '../../support/partner.js'
import { openSql } from '../../support/open-sql.js'
import { signedUp } from '../../support/people.js'

const now = { returnImmediately: true }

t.test('a client without a grant is refused, with each it may do that and nothing else', async t => {
  const { server, issuer, form } = await buildForPartner(t)
  const { token } = await signedUp(issuer)
  const routes = {
    introspect: (by: Partner) => form('/oauth/introspect', { token }, basic(by)),
    revoke: (by: Partner) => form('/oauth/revoke', { token: 'unknown' }, basic(by)),
    events: (by: Partner) => post(`${issuer}/oauth/events`, now, basic(by))
  }
  for (const permissions of [[], ...clientPermissions.map(each => [each])]) {
    const client = await newPartner(server, { grantTypes: [], permissions })
    for (const name of clientPermissions) {
      const reply = await routes[name](client)
      matchesOpenapi(t, 'oauth', `POST /oauth/${name}`, reply)
      if (permissions.includes(name)) t.equal(reply.status, 200, name)
      else {
        t.match(reply, {
          status: 400, body: { error: 'unauthorized_client', error_description: `the client lacks the grant ${name}` }
        })
      }
    }
  }
  t.equal((await post(`${issuer}/api/auth/validate-token`, { token })).status, 200, 'nothing was ended')
})

t.test('a session whose refresh token a client has traded is that client\'s to refresh, and no other\'s', async t => {
  const { server, issuer, partner, form } = await buildForPartner(t)
  const other = await newPartner(server)
  const person = await signedUp(issuer)
  const trade = (by: Partner, refreshToken: string) =>
    form('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, basic(by))
  const first = await post(`${issuer}/api/auth/refresh-token`, { refreshToken: person.refreshToken })
  t.equal(first.status, 200, 'until then the application trades it')

  const bound = await trade(partner, String(first.body.data.refreshToken))
  t.equal(bound.status, 200)
  const current = String(bound.body.refresh_token)
  const tokens = [current, String(first.body.data.refreshToken), person.refreshToken]
  for (const token of tokens) {
    const reply = await trade(other, token)
    t.match(reply, { status: 400, body: { error: 'invalid_grant' } })
    matchesOpenapi(t, 'oauth', 'POST /oauth/token', reply)
    t.match(await post(`${issuer}/api/auth/refresh-token`, { refreshToken: token }), {
      status: 401, body: { error: { code: 'INVALID_REFRESH_TOKEN', reason: 'wrong_client' } }
    })
    t.same((await form('/oauth/introspect', { token }, basic(other))).body, { active: false })
    const refused = await form('/oauth/revoke', { token }, basic(other))
    t.match(refused, { status: 400, body: { error: 'invalid_grant' } })
    matchesOpenapi(t, 'oauth', 'POST /oauth/revoke', refused)
  }
  t.match(await form('/oauth/revoke', { token: bound.body.access_token }, basic(other)), { status: 400 })
  t.equal((await form('/oauth/introspect', { token: current }, basic(partner))).body.active, true)

  const retried = await trade(partner, String(first.body.data.refreshToken))
  t.equal(retried.body.refresh_token, current, 'its retry gets the same successor')
  const next = await trade(partner, current)
  t.equal(next.status, 200, 'it goes on, whatever others have tried')
  t.equal((await form('/oauth/revoke', { token: next.body.refresh_token }, basic(partner))).status, 200)
  t.match(await trade(partner, String(next.body.refresh_token)), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('the owner ends a session that a client refreshes; a removed client refreshes none', async t => {
  const { server, issuer, partner, form } = await buildForPartner(t)
  const bind = async () => {
    const { refreshToken } = await signedUp(issuer)
    return (await form('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, basic(partner)))
      .body as { access_token: string, refresh_token: string }
  }
  const ended = await bind()
  t.equal((await post(`${issuer}/api/auth/revoke-token`, { refreshToken: ended.refresh_token })).status, 200)
  t.equal((await post(`${issuer}/api/auth/validate-token`, { token: ended.access_token })).status, 401)

  const { refresh_token: refreshToken } = await bind()
  await server.core.partners.clients.remove(partner.id, clientInfo)
  const heir = await newPartner(server)
  t.equal((await form('/oauth/token', {
    grant_type: 'refresh_token', refresh_token: refreshToken
  }, basic(heir))).body.error, 'invalid_grant')
})

t.test('a client and an application that trade one token at once get no two successors', async t => {
  const { issuer, partner, form } = await buildForPartner(t)
  for (let round = 0; round < 10; round += 1) {
    const { refreshToken } = await signedUp(issuer)
    const [client, application] = await Promise.all([
      form('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, basic(partner)),
      post(`${issuer}/api/auth/refresh-token`, { refreshToken })
    ])
    t.equal(client.status, 200)
    t.ok(application.status === 200 || application.body.error.reason === 'wrong_client')
    if (application.status === 200) t.equal(application.body.data.refreshToken, client.body.refresh_token)
  }
})

t.test('a client whose audience has become PUBLIC_URL gets no token, which would be valid everywhere', async t => {
  const { server, issuer, form } = await buildForPartner(t)
  const { token } = await signedUp(issuer)
  const sql = openSql(t, server.settings)
  for (const audience of [issuer, `${issuer}/`]) {
    const client = await newPartner(server)
    await sql`UPDATE clients SET audience = ${audience} WHERE id = ${client.id}`
    for (const grant of [
      { grant_type: 'client_credentials' },
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token'
      }
    ]) {
      const reply = await form('/oauth/token', grant, basic(client))
      t.match(reply, { status: 400, body: { error: 'invalid_target' } })
    }
  }
})
