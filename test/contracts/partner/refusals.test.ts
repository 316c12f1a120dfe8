import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { openSql } from '../../support/open-sql.js'
import { secondCore, operator } from '../../support/second-core.js'
import { build, databases, type BuildOptions } from '../../support/build.js'
import { post, type Reply } from '../../support/http.js'
import { expectKeys } from '../../support/expect-keys.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { loggedIn, newPerson, registered, signedUp, type Person, type Tokens } from '../../support/people.js'

/* Refusals of contract `partner`: the format and codes of its specification, and the `reason` that Keyturn adds. */

async function setUp (t: Test, options: BuildOptions) {
  const clock = { ms: Date.now() }
  const server = await build(t, { ...options, now: () => clock.ms })
  return {
    server,
    api: server.api,
    pass: (seconds: number) => { clock.ms += seconds * 1000 },
    call: (route: string, body: object) => post(`${server.api}/api/auth/${route}`, body)
  }
}

interface Refusal {
  status?: number
  code: string
  reason: string
  retryable?: boolean
}

/** The specification's error format with the members that Keyturn adds, and the headers that belong to the status. */
function isRefused (
  t: Test, route: string, reply: Reply, { status = 401, code, reason, retryable = false }: Refusal
): void {
  const { error } = reply.body
  t.equal(reply.status, status, `${route}: ${code}, ${reason}`)
  t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
  t.equal(reply.headers.get('cache-control'), 'no-store')
  expectKeys(t, reply.body, 'success', 'error')
  expectKeys(t, error, 'code', 'message', 'reason', 'retryable', ...(code === 'VALIDATION_ERROR' ? ['details'] : []))
  t.equal(reply.body.success, false)
  t.same([error.code, error.reason, error.retryable], [code, reason, retryable])
  t.match(error.message, /^[A-Z][^\n]{9,}$/, 'a message for people')
  t.equal(reply.headers.get('www-authenticate'), status !== 401
    ? null
    : `Bearer realm="keyturn"${code.endsWith('_TOKEN') ? ', error="invalid_token"' : ''}`)
  t.equal(reply.headers.get('retry-after'), status === 503 ? '1' : null)
  matchesOpenapi(t, 'partner', `POST /api/auth/${route}`, reply)
}

/** The token with the first character of its last part changed: the spelling stays canonical. */
function withOtherSignature (token: string): string {
  const at = token.lastIndexOf('.') + 1
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

for (const database of databases) {
  t.test(`refusals on ${database}`, async t => {
    const { server, api, call, pass } = await setUp(t, {
      database, settings: { refresh: { retryWindow: 0, confirmWindow: 0 } }
    })
    const core = await secondCore(t, server.settings)
    const sql = openSql(t, server.settings)

    const idOf = async ({ email }: Person) => (await core.accounts.findByEmail(email))?.id ?? ''

    /** Both tokens of a session are refused, each with its own code and the same reason. */
    async function isDead (t: Test, { token, refreshToken }: Tokens, reason: string): Promise<void> {
      isRefused(t, 'validate-token', await call('validate-token', { token }), { code: 'INVALID_TOKEN', reason })
      isRefused(t, 'refresh-token', await call('refresh-token', { refreshToken }),
        { code: 'INVALID_REFRESH_TOKEN', reason })
    }

    async function isAlive (t: Test, { token, refreshToken }: Tokens): Promise<void> {
      t.equal((await call('validate-token', { token })).status, 200, 'the access token is good')
      t.equal((await call('refresh-token', { refreshToken })).status, 200, 'the refresh token is good')
    }

    await t.test('wrong password, unknown email and disabled account are one and the same answer', async t => {
      const person = await registered(api)
      const disabled = await registered(api)
      await core.accounts.disable(disabled.email, operator)
      const replies = [
        await call('login', { email: person.email, password: 'not the password' }),
        await call('login', { email: newPerson().email, password: person.password }),
        await call('login', disabled)
      ]
      for (const reply of replies) {
        isRefused(t, 'login', reply, { code: 'INVALID_CREDENTIALS', reason: 'invalid_credentials' })
        t.equal(reply.text, replies[0]?.text)
        t.equal(reply.body.error.message, 'Email or password is incorrect')
      }
    })

    await t.test('a body that is not what the route takes is a VALIDATION_ERROR with its details', async t => {
      for (const [route, body, details] of [
        ['login', {}, [['email', 'is required'], ['password', 'is required']]],
        ['login', { email: 'nobody', password: 'x' }, [['email', 'must match format "email"']]],
        ['login', { email: newPerson().email, password: 7 }, [['password', 'must be string']]],
        ['validate-token', {}, [['token', 'is required']]],
        ['validate-token', { token: '' }, [['token', 'must NOT have fewer than 1 characters']]],
        ['refresh-token', { refreshToken: null }, [['refreshToken', 'must be string']]],
        ['refresh-token', [], [['body', 'must be object']]]
      ] as const) {
        const reply = await call(route, body)
        isRefused(t, route, reply, { status: 400, code: 'VALIDATION_ERROR', reason: 'invalid_body' })
        t.same(reply.body.error.details, details.map(([path, message]) => ({ path, message })))
      }
    })

    await t.test('validate-token: what is no token of Keyturn is malformed', async t => {
      const { token, refreshToken } = await signedUp(api)
      const [header, payload, signature] = token.split('.')
      for (const mangled of [
        'x', 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...', refreshToken, `Bearer ${token}`, `${token}=`, ` ${token}`,
        `${token}\n`, `${token}.`, `${header}.${payload}`, `${header}.${payload}.`, `.${payload}.${signature}`,
        `${header}.${payload}.${signature}+`, `${token}\u0000`
      ]) {
        const reply = await call('validate-token', { token: mangled })
        isRefused(t, 'validate-token', reply, { code: 'INVALID_TOKEN', reason: 'malformed' })
      }
    })

    await t.test('validate-token: a token that was not signed here is reported as such', async t => {
      const { token } = await signedUp(api)
      const [header = '', payload = '', signature = ''] = token.split('.')
      const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
      const otherPayload = Buffer.from(
        Buffer.from(payload, 'base64url').toString().replace(/"sub":"[^"]+"/, `"sub":"${randomUUID()}"`)
      ).toString('base64url')
      for (const forged of [
        withOtherSignature(token), `${header}.${otherPayload}.${signature}`, `${none}.${payload}.${signature}`
      ]) {
        const reply = await call('validate-token', { token: forged })
        isRefused(t, 'validate-token', reply, { code: 'INVALID_TOKEN', reason: 'bad_signature' })
      }
      t.equal((await call('validate-token', { token })).status, 200, 'the real one is as good as before')
    })

    await t.test('validate-token: a token for another PUBLIC_URL is for another audience', async t => {
      const other = await secondCore(t, server.settings, { issuer: 'https://auth.example.com' })
      const there = await other.signIn.withPassword(await registered(api), 'partner', operator)
      const reply = await call('validate-token', { token: there.accessToken })
      isRefused(t, 'validate-token', reply, { code: 'INVALID_TOKEN', reason: 'wrong_audience' })
      t.equal((await call('revoke-token', { token: there.accessToken })).status, 200)
      t.equal((await other.validation.authenticate(there.accessToken)).sessionId, there.sessionId, 'it lives on')
    })

    await t.test('refresh-token: one that was not issued here is malformed, and ends no session', async t => {
      const tokens = await signedUp(api)
      const { token, refreshToken } = tokens
      const flipped = (at: number) => {
        const bytes = Buffer.from(refreshToken.slice(3), 'base64url')
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
        return `rt_${bytes.toString('base64url')}`
      }
      for (const mangled of [
        'rt_a1b2c3d4e5f6...', 'x', token, `${refreshToken}=`, `${refreshToken}A`, ` ${refreshToken}`,
        `${refreshToken}\n`, refreshToken.slice(0, -1), refreshToken.slice(3), refreshToken.toUpperCase(),
        `${refreshToken.slice(0, 40)}\u0000${refreshToken.slice(41)}`,
        ...[0, 1, 17, 33, 36, 37, 68, 69, 84].map(flipped)
      ]) {
        const reply = await call('refresh-token', { refreshToken: mangled })
        isRefused(t, 'refresh-token', reply, { code: 'INVALID_REFRESH_TOKEN', reason: 'malformed' })
      }
      await isAlive(t, tokens)
    })

    await t.test('the tokens of a deleted account are unknown', async t => {
      const person = await signedUp(api)
      await core.accounts.delete(person.email, operator)
      await isDead(t, person, 'unknown')
    })

    await t.test('a session past its end is expired, and so is an access token', async t => {
      const person = await signedUp(api)
      await sql`UPDATE sessions SET expires_at = now() WHERE account_id = ${await idOf(person)}`
      await isDead(t, person, 'expired')
      const other = await signedUp(api)
      pass(3600)
      isRefused(t, 'validate-token', await call('validate-token', other), { code: 'INVALID_TOKEN', reason: 'expired' })
    })

    await t.test('the tokens of a session that its owner ended are signed out', async t => {
      const person = await signedUp(api)
      const other = await loggedIn(api, person)
      t.equal((await call('revoke-token', { refreshToken: person.refreshToken })).status, 200)
      await isDead(t, person, 'signed_out')
      await isAlive(t, other)
    })

    await t.test('a session is revoked by an operator, by a change of password, by disabling the account', async t => {
      const ends: Array<(person: Person) => Promise<unknown>> = [
        async person => core.sessions.endAll(await idOf(person), 'revoked', operator),
        person => core.accounts.disable(person.email, operator),
        async person => core.signIn.changePassword({
          accountId: await idOf(person),
          current: person.password,
          replacement: 'another password',
          minPasswordLength: 8,
          keep: 'none'
        }, operator)
      ]
      for (const end of ends) {
        const person = await signedUp(api)
        await end(person)
        await isDead(t, person, 'revoked')
      }
    })

    await t.test('a refresh token used twice ends its session, and only that one', async t => {
      const person = await signedUp(api)
      const other = await loggedIn(api, person)
      const next = (await call('refresh-token', { refreshToken: person.refreshToken })).body.data as Tokens
      await isRefusedAsReused(t, person)
      await isDead(t, next, 'reused')
      await isDead(t, person, 'reused')
      await isAlive(t, other)
    })

    async function isRefusedAsReused (t: Test, { refreshToken }: Tokens): Promise<void> {
      isRefused(t, 'refresh-token', await call('refresh-token', { refreshToken }),
        { code: 'INVALID_REFRESH_TOKEN', reason: 'reused' })
    }

    await t.test('revoke-token: any token of a session ends it, and once is enough', async t => {
      const revoked = '{"success":true,"data":{"revoked":true}}'
      const kinds: Array<(tokens: Tokens) => object> = [
        ({ refreshToken }) => ({ refreshToken }), ({ token }) => ({ token }), tokens => tokens
      ]
      for (const kind of kinds) {
        const tokens = await signedUp(api)
        for (const time of ['first', 'second']) {
          const reply = await call('revoke-token', kind(tokens))
          t.equal(reply.status, 200, `the ${time} time`)
          t.equal(reply.text, revoked)
          t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
          t.equal(reply.headers.get('cache-control'), 'no-store')
          matchesOpenapi(t, 'partner', 'POST /api/auth/revoke-token', reply)
          await isDead(t, tokens, 'signed_out')
        }
      }
    })

    await t.test('revoke-token: also an expired access token and a traded refresh token end the session', async t => {
      const expired = await signedUp(api)
      pass(3600)
      t.equal((await call('revoke-token', { token: expired.token })).status, 200)
      t.equal((await call('refresh-token', expired)).body.error.reason, 'signed_out')
      const traded = await signedUp(api)
      const next = (await call('refresh-token', traded)).body.data as Tokens
      t.equal((await call('revoke-token', { refreshToken: traded.refreshToken })).status, 200)
      await isDead(t, next, 'signed_out')
    })

    await t.test('revoke-token: one that is unknown or dead is answered the same, and changes nothing', async t => {
      const reused = await signedUp(api)
      await call('refresh-token', reused)
      await isRefusedAsReused(t, reused)
      const deleted = await signedUp(api)
      await core.accounts.delete(deleted.email, operator)
      for (const body of [
        { refreshToken: 'rt_unknown' }, { token: 'unknown' }, { token: withOtherSignature(reused.token) },
        { refreshToken: deleted.refreshToken }, { token: deleted.token },
        { refreshToken: reused.refreshToken }, { token: reused.token }
      ]) {
        const reply = await call('revoke-token', body)
        t.equal(reply.status, 200)
        t.equal(reply.text, '{"success":true,"data":{"revoked":true}}')
      }
      await isDead(t, reused, 'reused')
    })

    await t.test('revoke-token: neither token is a VALIDATION_ERROR, and so is one of a wrong type', async t => {
      const person = await signedUp(api)
      for (const body of [{}, { refreshToken: null }, { token: 5, refreshToken: person.refreshToken }]) {
        isRefused(t, 'revoke-token', await call('revoke-token', body),
          { status: 400, code: 'VALIDATION_ERROR', reason: 'invalid_body' })
      }
      await isAlive(t, person)
    })
  })
}

t.test('a sign-in beyond the hashing queue is refused as overloaded, and others are served', async t => {
  const { api, call } = await setUp(t, {
    settings: { passwords: { concurrency: 1, queue: 1, memory: 131_072 } }
  })
  const person = await registered(api)
  const calls = Array.from({ length: 12 }, () => call('login', person))
  await Promise.race(calls)
  isRefused(t, 'login', await call('login', { email: 'no email' }), {
    status: 503, code: 'OVERLOADED', reason: 'overloaded', retryable: true
  })
  const replies = await Promise.all(calls)
  const refused = replies.filter(({ status }) => status !== 200)
  t.ok(refused.length >= 1 && refused.length < replies.length, `${refused.length} of ${replies.length} found no room`)
  for (const reply of refused) {
    isRefused(t, 'login', reply, { status: 503, code: 'OVERLOADED', reason: 'overloaded', retryable: true })
  }
})
