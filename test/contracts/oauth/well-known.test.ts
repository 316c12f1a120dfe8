import { randomBytes } from 'node:crypto'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import t from 'tap'
import { drivers } from '../../conformance/drivers.js'
import { clientInfo } from '../../support/accounts.js'
import { secondCore } from '../../support/second-core.js'
import { build, databases } from '../../support/build.js'
import { send } from '../../support/http.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { newPerson, registered, loggedIn } from '../../support/people.js'
import { freePort } from '../../support/postgres-server.js'

const jwksPath = '/.well-known/jwks.json'

for (const database of databases) {
  t.test(`jose verifies tokens of every contract with the published keys, on ${database}`, async t => {
    const server = await build(t, { database })
    const keys = createRemoteJWKSet(new URL(jwksPath, server.api))
    const { issuer } = server.settings
    for (const [contract, driver] of Object.entries(drivers(server))) {
      const person = newPerson()
      await driver.signUp(person)
      const token = driver.tokenOf(await driver.signIn(person))
      const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'JWT' })
      t.match(payload, { contract, email: person.email })
      t.equal(protectedHeader.alg, 'ES256')
      await t.rejects(jwtVerify(token, keys, { issuer, audience: 'https://partner.example' }), {
        code: 'ERR_JWT_CLAIM_VALIDATION_FAILED'
      })
    }
  })
}

for (const algorithm of ['EdDSA', 'RS256'] as const) {
  t.test(`jose verifies tokens signed ${algorithm}`, async t => {
    const server = await build(t, { settings: { keys: { algorithm } } })
    const { token } = await loggedIn(server.api, await registered(server.api))
    const { protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(jwksPath, server.api)))
    t.equal(protectedHeader.alg, algorithm)
  })
}

t.test('the keys may be kept for five minutes, and are not sent again while they are the same', async t => {
  const server = await build(t, { ownDatabase: true })
  const first = await send(server.api + jwksPath)
  matchesOpenapi(t, 'oauth', `GET ${jwksPath}`, first)
  t.equal(first.headers.get('cache-control'), 'public, max-age=300')
  const etag = first.headers.get('etag') ?? ''
  t.match(etag, /^"[\w-]{43}"$/)
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await send(server.api + jwksPath, { headers: { 'if-none-match': known } })
    t.equal(again.status, 304, known)
    t.equal(again.text, '')
    t.equal(again.headers.get('etag'), etag)
  }
  await server.core.keys.rotate({ atOnce: false }, clientInfo)
  const changed = await send(server.api + jwksPath, { headers: { 'if-none-match': etag } })
  t.equal(changed.status, 200)
  t.equal(changed.body.keys.length, 2, 'the next key is published before it signs')
})

t.test('with JWT_SECRET there are no public keys, and both routes say so', async t => {
  const server = await build(t, { settings: { keys: { sharedSecret: randomBytes(48).toString('base64url') } } })
  const jwks = await send(server.api + jwksPath)
  t.equal(jwks.status, 404)
  matchesOpenapi(t, 'oauth', `GET ${jwksPath}`, jwks)
  t.match(jwks.body, { error: 'not_found', error_description: /shared secret/ })
  const { body } = await send(`${server.api}/.well-known/oauth-authorization-server`)
  t.notOk('jwks_uri' in body)
})

t.test('oauth4webapi discovers it', async t => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  await build(t, {
    settings: { issuer, listen: [{ host: '127.0.0.1', port, contracts: ['oauth'] }] }
  })
  const response = await oauth.discoveryRequest(new URL(issuer), {
    algorithm: 'oauth2', [oauth.allowInsecureRequests]: true
  })
  const found = await oauth.processDiscoveryResponse(new URL(issuer), response)
  t.equal(found.jwks_uri, `${issuer}${jwksPath}`)
  matchesOpenapi(t, 'oauth', 'GET /.well-known/oauth-authorization-server',
    await send(`${issuer}/.well-known/oauth-authorization-server`))
})

t.test('while a key rotates no valid token is refused by any of three instances', async t => {
  const clock = { ms: Date.now() }
  const now = () => clock.ms
  const first = await build(t, { ownDatabase: true, now })
  const others = await Promise.all([1, 2].map(() => build(t, { settings: first.settings, now })))
  const instances = [first, ...others]
  const beside = await secondCore(t, first.settings)
  const person = await registered(first.api)

  const kids = new Set<string>()
  const statuses = new Map<number, number>()
  const oneRound = async (index: number) => {
    const [signer = first, checker = first] = [instances[index % 3], instances[(index + 1) % 3]]
    const { token } = await loggedIn(signer.api, person)
    kids.add(String(decodeProtectedHeader(token).kid))
    const { status } = await send(`${checker.api}/api/auth/me`, { headers: { authorization: `Bearer ${token}` } })
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  for (let round = 0; round < 1_000; round += 20) {
    if (round === 400) {
      await beside.keys.rotate({ atOnce: true }, clientInfo)
      await Promise.all(instances.map(({ core }) => core.keys.rotateIfDue()))
    }
    if (round === 600) clock.ms += 31_000
    await Promise.all(Array.from({ length: 20 }, (_, index) => oneRound(round + index)))
  }
  t.equal(kids.size, 2, 'there was a rotation')
  t.same([...statuses], [[200, 1_000]])
})
