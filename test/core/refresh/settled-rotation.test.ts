import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { createRotation } from '../../../src/core/refresh/rotation.js'
import { sha256 } from '../../../src/core/lib/secrets.js'
import { readRefreshToken } from '../../../src/core/tokens/refresh-token.js'
import type { Core } from '../../../src/core/index.js'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { ageRotations } from '../../support/age-rotations.js'
import { buildCore } from '../../support/build.js'
import { earlier } from '../../support/earlier.js'
import { outcomeOf } from '../../support/refusal.js'

/*
 * A session that was refreshed after its first minute is settled: its row alone says whether it can be refreshed, and
 * no other is read. So whatever ends access must end the session's row.
 */

async function setUp (t: Test) {
  const built = await buildCore(t)
  const { core, sql, settings } = built
  const began = (sessionId: string, seconds: number) =>
    sql`UPDATE sessions SET created_at = ${earlier(sql, 'created_at', seconds)} WHERE id = ${sessionId}`
  return {
    ...built,
    keyring: createKeyring(String(settings.secrets.current)),
    began,
    /** A settled session, whose last refresh is over. */
    settled: async () => {
      const person = await signedIn(core)
      await began(person.sessionId, 3_600)
      const { refreshToken } = await core.refresh.trade(person.refreshToken, clientInfo)
      await ageRotations(sql, person.sessionId, 600)
      return { ...person, refreshToken }
    }
  }
}

type Settled = Awaited<ReturnType<Awaited<ReturnType<typeof setUp>>['settled']>>

t.test('a settled session is refreshed by one statement, on its own row', async t => {
  const { db, keyring, settled, settings: { lifetimes } } = await setUp(t)
  const { refreshToken, email, sessionId } = await settled()
  const token = readRefreshToken(keyring, refreshToken)
  if (token === null) throw new Error('not a refresh token')
  const { rotate } = createRotation({ sql: db.sql, retryWindow: 10, lifetimes })
  const attempt = {
    token,
    hash: sha256(token.secret),
    successorHash: randomBytes(32),
    nonce: randomBytes(32),
    clientId: null,
    contract: 'partner'
  } as const
  t.match(await rotate(attempt), { generation: 2, email, contract: 'partner', expiresIn: lifetimes.refreshToken })
  t.equal(db.statements.length, 1)
  t.notMatch(db.statements[0], 'accounts')
  t.equal(await rotate(attempt), undefined, 'once')
  const [row] = await db.sql`SELECT generation, nonce FROM sessions WHERE id = ${sessionId}`
  t.match(row, { generation: 2, nonce: attempt.nonce })
})

t.test('of 50 refreshes of a settled session at the same moment one rotates, and all get its token', async t => {
  const { core, settled, sql } = await setUp(t)
  const { refreshToken, sessionId } = await settled()
  const grants = await Promise.all(Array.from({ length: 50 }, () => core.refresh.trade(refreshToken, clientInfo)))
  t.equal(new Set(grants.map(grant => grant.refreshToken)).size, 1)
  t.match(await sql`SELECT generation FROM sessions WHERE id = ${sessionId}`, [{ generation: 2 }])
})

const ends: Record<string, (core: Core, person: Settled) => Promise<unknown>> = {
  'a sign-out': (core, { account, sessionId }) => core.sessions.end(account.id, sessionId, 'signed_out', clientInfo),
  'the end of all sessions': (core, { account }) => core.sessions.endAll(account.id, 'revoked', clientInfo),
  'a change of password': (core, { account }) => core.signIn.changePassword({
    accountId: account.id, current: password, replacement: 'another good one', minPasswordLength: 8, keep: 'none'
  }, clientInfo),
  'disabling the account': (core, { email }) => core.accounts.disable(email, clientInfo),
  'deleting the account': (core, { email }) => core.accounts.delete(email, clientInfo)
}

for (const [name, end] of Object.entries(ends)) {
  t.test(`${name} ends a settled session, and its refresh token with it`, async t => {
    const { core, settled } = await setUp(t)
    const person = await settled()
    await end(core, person)
    t.match(await outcomeOf(core.refresh.trade(person.refreshToken, clientInfo)), /^invalid_refresh_token/)
  })
}

t.test('an expired session is not refreshed, nor one that another client refreshes', async t => {
  const { core, settled, sql } = await setUp(t)
  const [expired, foreign] = [await settled(), await settled()]
  await sql`UPDATE sessions SET expires_at = now() WHERE id = ${expired.sessionId}`
  await sql`UPDATE sessions SET client_id = 'client_x' WHERE id = ${foreign.sessionId}`
  t.equal(await outcomeOf(core.refresh.trade(expired.refreshToken, clientInfo)), 'invalid_refresh_token/expired')
  t.equal(await outcomeOf(core.refresh.trade(foreign.refreshToken, clientInfo)), 'invalid_refresh_token/wrong_client')
})

/*
 * A sign-in that inserts its session while all of the account's are being ended: neither statement sees the other's
 * row. The account's epoch does (ADR 0004), for as long as the session is not settled.
 */
const unsettled = [['at its first refresh', 3_600, 0], ['in its first minute', 50, 1]] as const

for (const [name, sinceBeginning, refreshes] of unsettled) {
  t.test(`a session that began while access was ended is refused ${name}`, async t => {
    const { core, sql, began } = await setUp(t)
    let { account, sessionId, refreshToken } = await signedIn(core)
    await began(sessionId, sinceBeginning)
    for (let each = 0; each < refreshes; each += 1) {
      refreshToken = (await core.refresh.trade(refreshToken, clientInfo)).refreshToken
    }
    await ageRotations(sql, sessionId, 20)
    await sql`UPDATE accounts SET epoch = epoch + 1 WHERE id = ${account.id}`
    t.match(await outcomeOf(core.refresh.trade(refreshToken, clientInfo)), /^invalid_refresh_token/)
  })
}
