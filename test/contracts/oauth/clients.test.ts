import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import t from 'tap'
import { clientGrants } from '../../../src/core/partners/clients.js'
import { clientInfo } from '../../support/accounts.js'
import { databases } from '../../support/build.js'
import { post, send } from '../../support/http.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { basic, buildForPartner, insecure, newPartner, type Partner } from '../../support/partner.js'
import { openSql } from '../../support/open-sql.js'
import { signedUp } from '../../support/people.js'

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

for (const database of databases) {
  t.test(`oauth4webapi as a partner, on ${database}`, async t => {
    const { server, issuer, as, form, partner } = await buildForPartner(t, { database })
    const { id, client, secret, audience } = partner
    const person = await signedUp(issuer)

    for (const [name, authentication] of [
      ['client_secret_basic', oauth.ClientSecretBasic(secret)], ['client_secret_post', oauth.ClientSecretPost(secret)]
    ] as const) {
      await t.test(`${name}: refresh`, async t => {
        const { refreshToken } = await signedUp(issuer)
        const response = await oauth.refreshTokenGrantRequest(as, client, authentication, refreshToken, insecure)
        const reply = await oauth.processRefreshTokenResponse(as, client, response)
        t.match(reply, { token_type: 'bearer', expires_in: 3600 })
        t.not(reply.refresh_token, refreshToken)
        t.equal((await post(`${issuer}/api/auth/validate-token`, { token: reply.access_token })).status, 200)
      })
    }

    await t.test('client credentials', async t => {
      const response = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic(secret),
        { scope: 'sessions:read' }, insecure)
      const reply = await oauth.processClientCredentialsResponse(as, client, response)
      t.match(reply, { scope: 'sessions:read', expires_in: 3600 })
      const { payload } = await jwtVerify(reply.access_token, createRemoteJWKSet(new URL(as.jwks_uri ?? '')),
        { issuer, audience })
      t.match(payload, { sub: id, client_id: id })
      t.equal((await post(`${issuer}/api/auth/validate-token`, { token: reply.access_token })).status, 401,
        'it speaks for no account')
    })

    await t.test('introspection: at once after the session has ended, a token is dead', async t => {
      const introspect = async (token: string) => oauth.processIntrospectionResponse(as, client,
        await oauth.introspectionRequest(as, client, oauth.ClientSecretBasic(secret), token, insecure))
      t.match(await introspect(person.token), {
        active: true, token_type: 'Bearer', username: person.email, iss: issuer, aud: issuer
      })
      t.same(await introspect(person.refreshToken), { active: false }, 'the application\'s own')
      const { body } = await form('/oauth/token', {
        grant_type: 'refresh_token', refresh_token: person.refreshToken
      }, basic({ id, secret }))
      t.match(await introspect(body.refresh_token), {
        active: true, token_type: 'refresh_token', username: person.email, client_id: id
      })
      for (const token of ['x', 'a.b.c', 'rt_x', `${person.token}x`]) t.same(await introspect(token), { active: false })

      await post(`${issuer}/api/auth/revoke-token`, { token: person.token })
      for (const token of [person.token, body.refresh_token]) t.same(await introspect(token), { active: false })
    })

    await t.test('revocation: any token ends the session, and once is enough', async t => {
      const other = await signedUp(issuer)
      for (const token of [other.refreshToken, other.refreshToken, other.token, 'unknown']) {
        await oauth.processRevocationResponse(
          await oauth.revocationRequest(as, client, oauth.ClientSecretBasic(secret), token, insecure))
      }
      const { status, body } = await post(`${issuer}/api/auth/validate-token`, { token: other.token })
      t.equal(status, 401)
      t.equal(body.error.reason, 'signed_out')
    })

    await t.test('a client that is removed loses access at once', async t => {
      await server.core.partners.clients.remove(id, clientInfo)
      const response = await oauth.clientCredentialsGrantRequest(
        as, client, oauth.ClientSecretBasic(secret), {}, insecure)
      await t.rejects(oauth.processClientCredentialsResponse(as, client, response), /challenge/)
      await t.rejects(server.core.partners.clients.remove(id, clientInfo), { code: 'not_found' })
    })
  })
}

t.test('token exchange: a token for one partner, within a scope, that dies with the session', async t => {
  const { server, issuer, as, partner, form } = await buildForPartner(t)
  const person = await signedUp(issuer)
  const exchange = async (more: Record<string, string> = {}) => form('/oauth/token', {
    grant_type: exchangeGrant, subject_token: person.token, subject_token_type: accessTokenType, ...more
  }, basic(partner))
  const reply = await exchange({ scope: 'sessions:read', audience: partner.audience })
  matchesOpenapi(t, 'oauth', 'POST /oauth/token', reply)
  t.match(reply.body, { issued_token_type: accessTokenType, token_type: 'Bearer', scope: 'sessions:read' })
  t.equal(reply.headers.get('cache-control'), 'no-store')
  t.ok(reply.body.expires_in <= 3600)
  const token = String(reply.body.access_token)
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(as.jwks_uri ?? '')), {
    issuer, audience: partner.audience
  })
  t.match(payload, { act: { sub: partner.id }, scope: 'sessions:read', email: person.email })

  const validate = (presented: string) => post(`${issuer}/api/auth/validate-token`, { token: presented })
  const introspect = async (asking: Partner, presented = token) =>
    (await form('/oauth/introspect', { token: presented }, basic(asking))).body.active as boolean
  t.equal(await introspect(partner), true)
  const refused = await validate(token)
  t.equal(refused.body.error.reason, 'wrong_audience', 'refused everywhere else')
  t.equal(await introspect(await newPartner(server, { audience: 'https://other.example' })), false, 'another client learns nothing')

  t.equal((await exchange({ scope: 'admin' })).body.error, 'invalid_scope')
  t.equal((await exchange({ audience: 'https://other.example' })).body.error, 'invalid_target')
  for (const more of [
    { subject_token: '' }, { subject_token: 'x' }, { subject_token: token }, { subject_token_type: '' },
    { subject_token_type: 'x' }, { actor_token: 'x' },
    { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }
  ]) {
    const { status, body } = await exchange(more)
    const [name = ''] = Object.keys(more)
    const isToken = 'subject_token' in more && more.subject_token !== ''
    t.match({ status, body }, {
      status: 400, body: { error: 'invalid_request', error_description: new RegExp(isToken ? '.' : `^${name} `) }
    }, JSON.stringify(more))
  }

  const revoked = await form('/oauth/revoke', { token }, basic(partner))
  t.equal(revoked.text, '{}')
  t.equal(await introspect(partner), false)
  t.equal((await validate(person.token)).status, 401, 'it ended the session, with all its tokens')
})

t.test('the token that speaks for a client dies with the client', async t => {
  const { server, partner, form } = await buildForPartner(t)
  const { body } = await form('/oauth/token', { grant_type: 'client_credentials' }, basic(partner))
  t.equal(body.scope, 'sessions:read sessions:write', 'all that it may have')
  const beside = await newPartner(server)
  const sql = openSql(t, server.settings)
  await sql`UPDATE clients SET audience = ${partner.audience}, audience_is_own = false WHERE id = ${beside.id}`
  const active = async () => (await form('/oauth/introspect', { token: body.access_token },
    basic(beside))).body.active as boolean
  t.equal(await active(), true)
  const kept = await form('/oauth/revoke', { token: body.access_token }, basic(partner))
  t.match(kept, { status: 400, body: { error: 'unsupported_token_type' } }, 'it is not said to be revoked')
  matchesOpenapi(t, 'oauth', 'POST /oauth/revoke', kept)
  await server.core.partners.clients.remove(partner.id, clientInfo)
  t.equal(await active(), false)
})

t.test('private_key_jwt: a client that signs, with each algorithm, once', async t => {
  const clock = { ms: Date.now() }
  const { server, as, form } = await buildForPartner(t, { now: () => clock.ms })
  for (const algorithm of ['ES256', 'RS256', 'Ed25519'] as const) {
    const pair = await generateKeyPair(algorithm, { extractable: true })
    const jwk = { ...await exportJWK(pair.publicKey), kid: 'one' }
    const { id, client } = await newPartner(server, { publicKeys: JSON.stringify({ keys: [jwk] }) })

    let assertion = ''
    const remember = {
      ...insecure,
      [oauth.customFetch]: (url: string, init: RequestInit) => {
        assertion = (init.body as URLSearchParams).get('client_assertion') ?? ''
        return fetch(url, init)
      }
    }
    for (let round = 0; round < 5; round += 1) {
      const response = await oauth.clientCredentialsGrantRequest(as, client,
        oauth.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }), {}, remember)
      t.ok((await oauth.processClientCredentialsResponse(as, client, response)).access_token, `${algorithm} ${round}`)
    }
    const again = (more: Record<string, string> = {}) => form('/oauth/token', {
      grant_type: 'client_credentials',
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      ...more
    })
    t.match((await again()).body, { error: 'invalid_client', error_description: /jti was used/ }, 'a second time')
    t.equal((await again({ client_assertion_type: 'x' })).body.error, 'invalid_request')
    t.equal((await again({ client_secret: 'x', client_id: id })).body.error, 'invalid_request', 'two methods at once')
    t.match((await again({ client_assertion: `${assertion}x` })).body, { error: 'invalid_client' })
    t.match((await again({ client_assertion: 'x' })).body, {
      error: 'invalid_client', error_description: /compact form/
    })
    t.match((await again({ client_id: 'another' })).body, {
      error: 'invalid_client', error_description: /client_id must be its sub/
    })
    t.equal((await form('/oauth/token', { grant_type: 'client_credentials' }, basic({ id, secret: 'x' }))).body.error,
      'invalid_client', 'it has no secret')

    const foreign = await generateKeyPair(algorithm)
    const forged = await oauth.clientCredentialsGrantRequest(as, client,
      oauth.PrivateKeyJwt({ key: foreign.privateKey, kid: 'one' }), {}, insecure)
    t.equal(forged.status, 401)
    const stranger = await oauth.clientCredentialsGrantRequest(as, { client_id: 'client_unknown' },
      oauth.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }), {}, insecure)
    t.same(await stranger.json(), await forged.json(), 'whether there is such a client is not told')
    clock.ms += 4_000_000
    const late = await oauth.clientCredentialsGrantRequest(as, client,
      oauth.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }), {}, insecure)
    t.equal(late.status, 401, 'not of this moment')
    clock.ms = Date.now()
  }
})

t.test('a token without a scope has no member for it', async t => {
  const { server, form, issuer } = await buildForPartner(t)
  const plain = await newPartner(server, { scopes: [], audience: 'https://plain.example' })
  const { token } = await signedUp(issuer)
  for (const grant of [
    { grant_type: 'client_credentials' },
    { grant_type: exchangeGrant, subject_token: token, subject_token_type: accessTokenType }
  ]) {
    const { status, body } = await form('/oauth/token', grant, basic(plain))
    t.equal(status, 200)
    t.notOk('scope' in body)
  }
})

t.test('errors of a request have the form of RFC 6749 5.2', async t => {
  const { server, partner: { id, secret }, form, issuer } = await buildForPartner(t)
  const good = basic({ id, secret })
  const grant = { grant_type: 'client_credentials' }
  type Parameters = Record<string, string>
  const cases: Array<[error: string, status: number, body: Parameters, headers?: Parameters]> = [
    ['invalid_client', 401, grant],
    ['invalid_client', 401, grant, basic({ id, secret: 'wrong' })],
    ['invalid_client', 401, grant, basic({ id: 'client_unknown', secret })],
    ['invalid_client', 401, grant, basic({ id: '\u0000', secret })],
    ['invalid_client', 401, grant, { authorization: 'Basic !' }],
    ['invalid_client', 401, grant, { authorization: `Basic ${Buffer.from('a:b:c').toString('base64')}` }],
    ['invalid_client', 401, grant, { authorization: `Bearer ${secret}` }],
    ['invalid_client', 401, { ...grant, client_secret: secret }],
    ['invalid_client', 401, { ...grant, client_id: 'another' }, good],
    ['invalid_request', 400, { ...grant, client_id: id, client_secret: secret }, good],
    ['invalid_request', 400, {}, good],
    ['invalid_request', 400, { grant_type: 'refresh_token' }, good],
    ['unsupported_grant_type', 400, { grant_type: 'password' }, good],
    ['invalid_grant', 400, { grant_type: 'refresh_token', refresh_token: 'rt_x' }, good],
    ['invalid_scope', 400, { ...grant, scope: 'admin' }, good]
  ]
  for (const [error, status, body, headers] of cases) {
    const reply = await form('/oauth/token', body, headers)
    t.match(reply, { status, body: { error } }, JSON.stringify([error, body]))
    t.equal(reply.headers.get('cache-control'), 'no-store')
    if (error === 'invalid_client') t.match(reply.headers.get('www-authenticate'), /^Basic /)
    matchesOpenapi(t, 'oauth', 'POST /oauth/token', reply)
  }
  const repeated = await send(`${issuer}/oauth/token`, {
    method: 'POST',
    body: 'grant_type=client_credentials&grant_type=client_credentials',
    headers: { ...good, 'content-type': 'application/x-www-form-urlencoded' }
  })
  t.match(repeated, { status: 400, body: { error: 'invalid_request', error_description: 'grant_type is repeated' } })
  for (const [body, description] of [
    [{}, 'grant_type is missing'], [{ grant_type: 'refresh_token' }, 'refresh_token is missing'],
    [{ ...grant, scope: 'x'.repeat(9_000) }, 'scope must NOT have more than 8192 characters'],
    [{ ...grant, client_assertion: 'x' }, /more than one method/],
    [{ ...grant, '"\\é': 'x', client_id: 'x'.repeat(9_000) }, /^client_id /]
  ] as const) t.match((await form('/oauth/token', body, good)).body, { error_description: description })
  const xml = await send(`${issuer}/oauth/token`, {
    method: 'POST', body: '<a/>', headers: { ...good, 'content-type': 'text/xml' }
  })
  t.match(xml, { status: 415, body: { error: 'invalid_request', error_description: /x-www-form-urlencoded/ } })
  const poor = await newPartner(server, { grantTypes: [], permissions: [] })
  for (const grantType of clientGrants) {
    const reply = await form('/oauth/token', {
      grant_type: grantType, refresh_token: 'rt_x', subject_token: 'x', subject_token_type: accessTokenType
    }, basic(poor))
    t.match(reply, {
      status: 400, body: { error: 'unauthorized_client', error_description: `the client lacks the grant ${grantType}` }
    })
  }
})

t.test('an id with a colon and a secret with every character get through, as they are encoded', async t => {
  const { server, form } = await buildForPartner(t)
  t.equal((await form('/oauth/introspect', { token: 'x' }, basic({ id: 'a:b&c=d', secret: 'é %&=+:' }))).status, 401)
  const broken = server.core.partners.clients.authenticate({ id: '\ud800', secret: 'x' }, clientInfo)
  await t.rejects(broken, { code: 'invalid_client' })
})
