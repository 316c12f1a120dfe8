import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import { build } from '../../support/build.js'
import { post } from '../../support/http.js'
import { basic, buildForPartner, newPartner } from '../../support/partner.js'
import { signedUp } from '../../support/people.js'

/* The rules by which libraries for resource servers take an access token (RFC 9068 2 and 4). */

interface Rules {
  types: ReadonlyArray<string | undefined>
  claims: readonly string[]
}

const validators: Record<string, Rules> = {
  'express-oauth2-jwt-bearer, strict': {
    types: ['at+jwt'], claims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']
  },
  'Spring Security, createAtJwtValidator': {
    types: ['at+jwt', 'application/at+jwt'], claims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']
  },
  '.NET, ValidTypes = ["at+jwt"]': { types: ['at+jwt'], claims: ['iss', 'aud', 'exp'] },
  'jose, typ: at+jwt': { types: ['at+jwt'], claims: ['iss', 'aud', 'exp'] }
}

const defaults: Record<string, Rules> = {
  'Spring Security, withIssuer': { types: ['JWT', undefined], claims: ['iss', 'exp'] },
  'jose, typ: JWT': { types: ['JWT'], claims: ['iss', 'aud', 'exp'] }
}

function isTakenBy ({ types, claims }: Rules, token: string): boolean {
  const payload = decodeJwt(token)
  return types.includes(decodeProtectedHeader(token).typ) && claims.every(name => payload[name] !== undefined)
}

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const subjectType = 'urn:ietf:params:oauth:token-type:access_token'

t.test('tokens of /oauth/token are those of RFC 9068; users\' own are as their contracts show them', async t => {
  const began = Math.floor(Date.now() / 1000)
  const { server, issuer, as, partner, form } = await buildForPartner(t)
  const { token, refreshToken } = await signedUp(issuer)
  const get = async (grant: Record<string, string>, by = partner) =>
    (await form('/oauth/token', grant, basic(by))).body as { access_token: string, scope?: string }
  const subject = { grant_type: exchange, subject_token: token, subject_token_type: subjectType }
  const exchanged = (await get({ ...subject, scope: 'sessions:read' })).access_token
  const own = (await get({ grant_type: 'client_credentials' })).access_token
  for (const issued of [exchanged, own]) {
    for (const [name, rules] of Object.entries(validators)) t.equal(isTakenBy(rules, issued), true, name)
    for (const [name, rules] of Object.entries(defaults)) t.equal(isTakenBy(rules, issued), false, name)
    t.equal((await form('/oauth/introspect', { token: issued }, basic(partner))).body.active, true)
  }
  t.match(decodeJwt(exchanged), { client_id: partner.id, scope: 'sessions:read' })
  const { auth_time: authTime } = decodeJwt(exchanged)
  t.ok(Number(authTime) >= began - 1 && Number(authTime) <= began + 60, 'when the user signed in')
  t.notOk('auth_time' in decodeJwt(own))

  const traded = (await get({ grant_type: 'refresh_token', refresh_token: refreshToken })).access_token
  for (const issued of [token, traded]) {
    for (const [name, rules] of Object.entries(defaults)) t.equal(isTakenBy(rules, issued), true, name)
    for (const [name, rules] of Object.entries(validators)) t.equal(isTakenBy(rules, issued), false, name)
  }

  const plain = await newPartner(server, { scopes: [], audience: 'https://plain.example' })
  for (const grant of [subject, { grant_type: 'client_credentials' }]) {
    const { access_token: issued } = await get(grant, plain)
    t.notOk('scope' in decodeJwt(issued), 'no scope is no claim')
    t.equal((await form('/oauth/introspect', { token: issued }, basic(plain))).body.active, true)
  }
  const keys = createRemoteJWKSet(new URL(as.jwks_uri ?? ''))
  await jwtVerify(exchanged, keys, { issuer, typ: 'at+jwt' })
})

t.test('ACCESS_TOKEN_TYP=at+jwt: users\' own tokens too, and those of before stay good', async t => {
  const before = await build(t)
  const after = await build(t, { settings: { tokens: { accessTokenType: 'at+jwt' } } })
  const [{ token: old }, { token }] = [await signedUp(before.api), await signedUp(after.api)]
  for (const [name, rules] of Object.entries(validators)) t.equal(isTakenBy(rules, token), true, name)
  t.equal(decodeJwt(token).client_id, 'partner')
  for (const { api } of [before, after]) {
    for (const each of [old, token]) {
      t.equal((await post(`${api}/api/auth/validate-token`, { token: each })).status, 200)
    }
  }
})

t.test('ACCESS_TOKEN_EMAIL=off: no token shows the email, older ones stay good, and answers are the same', async t => {
  const { issuer, server, partner, form } = await buildForPartner(t, {
    settings: { tokens: { hasEmail: false } }, database: 'postgres'
  })
  const { email, token, refreshToken } = await signedUp(issuer)
  const subject = { grant_type: exchange, subject_token: token, subject_token_type: subjectType }
  const { body: exchanged } = await form('/oauth/token', subject, basic(partner))
  const { body: traded } = await post(`${issuer}/api/auth/refresh-token`, { refreshToken })
  for (const issued of [token, exchanged.access_token, traded.data.token]) t.notOk('email' in decodeJwt(String(issued)))
  const { body: checked } = await post(`${issuer}/api/auth/validate-token`, { token })
  t.equal(checked.data.user.email, email)
  const introspected = await form('/oauth/introspect', { token: exchanged.access_token }, basic(partner))
  t.match(introspected.body, { active: true, username: email })

  const before = await build(t, { settings: { issuer } })
  const { token: old } = await signedUp(before.api)
  t.ok('email' in decodeJwt(old))
  t.equal((await post(`${server.addresses[0]}/api/auth/validate-token`, { token: old })).status, 200)
})
