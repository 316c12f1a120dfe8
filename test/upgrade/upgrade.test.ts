import t from 'tap'
import { connect } from '../../src/db/client.js'
import { databases } from '../support/build.js'
import { basic, bearer, conversation, say, type Addresses } from './support/conversation.js'
import { readFixture, type Fixture } from './support/fixture.js'
import { identifiersIn, shown } from './support/shown.js'
import { oldDatabase, upgraded } from './support/upgraded.js'

const routes = [['api', 'GET /api/auth/me'], ['tasks', 'GET /tasks'], ['web', 'GET /auth/me']] as const

/* Over a database of version 0.1.0, with its tokens; make-fixture.ts tells where they are from. */

const fixture = readFixture()

/** Where this release answers otherwise on purpose; CHANGELOG.md has each. */
const wrongContract = {
  status: 403,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  body: { code: 'WRONG_CONTRACT', message: '(prose)' }
}
const { replies } = fixture
const changesPassword = replies['session: changes the password']
const nextNumber = replies['spa: numbers the next account']
const events = replies['oauth: sends the events that were not acknowledged']
const changed: Record<string, Fixture['replies'][string] | undefined> = {
  // A refused sign-up takes no number any more: it is refused before an account is inserted.
  'spa: numbers the next account': nextNumber === undefined
    ? undefined
    : { ...nextNumber, body: { ...nextNumber.body as object, id: 10 } },
  'oauth: introspects a refresh token': replies['oauth: introspects a token that is none'],
  // A disabled account is two events.
  'oauth: sends the events that were not acknowledged': events === undefined
    ? undefined
    : {
        ...events,
        body: { ...events.body as object, sets: { ...(events.body as { sets: object }).sets, '(uuid)': '(token)' } }
      },
  'session: lists': wrongContract,
  'session: revokes all': wrongContract,
  'partner: validates in the end the token eddsa': replies['partner: validates the token eddsa'],
  'session: changes the password': changesPassword === undefined
    ? undefined
    : {
        ...changesPassword,
        headers: {
          ...changesPassword.headers,
          'set-cookie': 'session=(token); Max-Age=(number); Path=/; HttpOnly; SameSite=Lax'
        }
      },
  'partner: validates in the end the token session': replies['partner: validates a token that is dead, revoked']
}

const { access, refresh, extended, client } = fixture

for (const database of databases) {
  t.test(`answers every contract as version 0.1.0 did, on ${database}`, async t => {
    const addresses = await upgraded(t, await oldDatabase(t, fixture, database))
    const known = identifiersIn(JSON.stringify(fixture.tables))
    const found: Fixture['replies'] = {}
    for (const step of conversation(fixture)) found[step.name] = shown(await say(addresses, step), known)
    t.same(found, { ...replies, ...changed })
  })
}

t.test('over one upgraded database', async t => {
  const environment = await oldDatabase(t, fixture)
  const addresses = await upgraded(t, environment)
  const trade = (refreshToken = '') => say(addresses, {
    at: 'api', route: 'POST /api/auth/refresh-token', json: { refreshToken }
  })

  t.test('accepts access tokens of every contract and algorithm', async t => {
    const refused = []
    for (const [name, token] of Object.entries(access)) {
      for (const [at, route] of routes) {
        const { status } = await say(addresses, { at, route, headers: bearer(token) })
        if (status !== 200) refused.push(`${name} at ${route}: ${status}`)
      }
    }
    t.same(refused, [])
  })

  t.test('publishes the keys that signed them', async t => {
    const { body } = await say(addresses, { at: 'api', route: 'GET /.well-known/jwks.json' })
    const published = (body as { keys: Array<{ kid: string }> }).keys.map(({ kid }) => kid)
    t.same(published.sort(), [access.partner, access.eddsa, access.rs256].map(token => part(token, 0).kid).sort())
  })

  t.test('trades a refresh token for the next one, again and again', async t => {
    let token = refresh.current.at(-1)
    for (let generation = 3; generation <= 5; generation += 1) {
      const { status, body } = await trade(token)
      t.equal(status, 200)
      t.equal(part(body.data.token, 1).gen, generation)
      token = body.data.refreshToken
    }
  })

  t.test('gives a retry the successor that version 0.1.0 gave', async t => {
    for (const [previous, successor] of [refresh.retried, refresh.lost]) {
      t.equal((await trade(previous)).body.data.refreshToken, successor)
      t.equal((await trade(successor)).status, 200)
    }
  })

  t.test('ends the session of a refresh token that was used before the upgrade', async t => {
    for (const tokens of [refresh.older, refresh.confirmed]) {
      t.match(await trade(tokens[0]), { status: 401, body: { error: { reason: 'reused' } } })
      t.match(await trade(tokens.at(-1)), { status: 401, body: { error: { reason: 'reused' } } })
    }
  })

  t.test('trades a refresh token for the client of version 0.1.0', async t => {
    const [token = ''] = refresh.client
    const { status, body } = await say(addresses, {
      at: 'api',
      route: 'POST /oauth/token',
      form: { grant_type: 'refresh_token', refresh_token: token },
      headers: basic(client)
    })
    t.equal(status, 200)
    t.match(await trade(body.refresh_token), { status: 401, body: { error: { reason: 'wrong_client' } } })
  })

  t.test('extends a session by its token', async t => {
    const extend = (token: string) => say(addresses, {
      at: 'api', route: 'POST /api/auth/refresh', headers: bearer(token)
    })
    const { status, body } = await extend(extended[1])
    t.equal(status, 200)
    t.equal(part(body.token, 1).gen, 2)
    t.equal((await extend(body.token)).status, 200)
  })

  t.test('verifies HS256 tokens where JWT_SECRET is set', async t => {
    const validate = (at: Addresses) => say(at, {
      at: 'api', route: 'POST /api/auth/validate-token', json: { token: fixture.hs256 }
    })
    t.equal((await validate(addresses)).status, 401)
    t.equal((await validate(await upgraded(t, { ...environment, JWT_SECRET: fixture.jwtSecret }))).status, 200)
  })

  t.test('keeps every row but what its jobs remove', async t => {
    const sql = connect({ url: environment.DATABASE_URL ?? '' }, { max: 1 })
    t.teardown(() => sql.end({ timeout: 1 }))
    for (const table of ['accounts', 'sessions', 'tasks', 'signing_keys', 'clients', 'event_acknowledgements']) {
      const [{ count }] = await sql<[{ count: number }]>`SELECT count(*)::int AS count FROM ${sql(table)}`
      t.equal(count, fixture.tables[table]?.length, table)
    }
  })
})

/** Header (0) or claims (1) of a token, unchecked. */
function part (token: string, index: 0 | 1): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, unknown>
}
