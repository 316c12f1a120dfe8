import { randomUUID } from 'node:crypto'
import argon2 from 'argon2'
import type postgres from 'postgres'
import t, { type Test } from 'tap'
import type { Core } from '../../../src/core/index.js'
import { rejectionOf, clientInfo, password, signedIn } from '../../support/accounts.js'
import { secondCore } from '../../support/second-core.js'
import { buildCore } from '../../support/build.js'
import { isLockAwaited } from '../../support/lock-waits.js'
import { until } from '../../support/until.js'
import { outcomeOf } from '../../support/refusal.js'

type Account = Awaited<ReturnType<typeof signedIn>>

const signIn = (core: Core, email: string, given = password) =>
  core.signIn.withPassword({ email, password: given }, 'partner', clientInfo)

/** The cost of every hash that is checked or made from now on. */
function watchedHashes (t: Test): string[] {
  const work: string[] = []
  const { verify, hash } = argon2
  Object.assign(argon2, {
    verify: (digest: string, ...rest: [Buffer]) => {
      work.push(`checked ${digest.split('$')[3]?.split(',').sort().join()}`)
      return verify(digest, ...rest)
    },
    hash: (...all: Parameters<typeof hash>) => {
      work.push('made')
      return hash(...all)
    }
  })
  t.teardown(() => Object.assign(argon2, { verify, hash }))
  return work
}

t.test('whatever is wrong, the answer and the work are the same', async t => {
  const { core } = await buildCore(t)
  const { email } = await signedIn(core)
  const disabled = await signedIn(core)
  await core.accounts.disable(disabled.email, clientInfo)
  const attempts: Record<string, [email: string, password: string]> = {
    'a wrong password': [email, 'a wrong password'],
    'an empty password': [email, ''],
    'a password that nobody can have': [email, 'x'.repeat(1_025)],
    'a password that is no text': [email, '\ud800'],
    'an email nobody has': [`${randomUUID()}@example.com`, password],
    'an email nobody has and a password nobody can have': [`${randomUUID()}@example.com`, 'x'.repeat(1_025)],
    'an empty email': ['', password],
    'what is no email': ["' OR true --", password],
    'a disabled account': [disabled.email, password],
    'a disabled account and a wrong password': [disabled.email, 'a wrong password']
  }
  const work = watchedHashes(t)
  for (const [name, [email, given]] of Object.entries(attempts)) {
    work.length = 0
    const error: unknown = await signIn(core, email, given).catch((error: unknown) => error)
    t.match(error, { name: 'AuthError', code: 'invalid_credentials', message: 'invalid_credentials' }, name)
    t.same(work, ['checked m=1024,p=1,t=2'], name)
  }
  work.length = 0
  await signIn(core, email)
  t.same(work, ['checked m=1024,p=1,t=2'], 'and so is the work of the right password')
})

t.test('an account is found by its email, however that is spelled', async t => {
  const { core } = await buildCore(t)
  const { email, account } = await signedIn(core)
  for (const spelling of [email.toUpperCase(), ` ${email}`, `${email}\n`, `\t${email.toUpperCase()} `]) {
    t.equal((await signIn(core, spelling)).account.id, account.id)
  }
  for (const other of [`x${email}`, email.replace('@', '+x@'), email.replace('.com', '.co'), email.replace('-', '_')]) {
    t.equal(await outcomeOf(signIn(core, other)), 'invalid_credentials')
  }
})

t.test('every sign-in is a session of its own and is on record, a refusal is neither', async t => {
  const { core, sql } = await buildCore(t)
  const { email, account } = await signedIn(core)
  const grants = await Promise.all([1, 2, 3].map(() => signIn(core, email)))
  t.equal(new Set(grants.flatMap(grant => [grant.sessionId, grant.accessToken, grant.refreshToken])).size, 9)
  await outcomeOf(signIn(core, email, 'a wrong password'))
  t.equal((await sql`SELECT 1 FROM sessions WHERE account_id = ${account.id}`).length, 4)
  t.equal((await sql`SELECT 1 FROM audit_events WHERE account_id = ${account.id} AND event = 'signed_in'`).length, 4)
})

t.test('a flood is turned away before it reaches hash or database', async t => {
  const { core, sql } = await buildCore(t, {
    ownDatabase: true, settings: { passwords: { concurrency: 1, queue: 2 } }
  })
  const { email } = await signedIn(core)
  const work = watchedHashes(t)
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, n) => outcomeOf(
    core.signIn.withPassword({ email, password }, 'partner', { ...clientInfo, address: `198.51.100.${n}` }))))
  t.equal(outcomes.filter(outcome => outcome === 'granted').length, 3)
  t.equal(outcomes.filter(outcome => outcome === 'overloaded').length, 47)
  t.equal(work.length, 3)
  t.equal((await sql`SELECT 1 FROM sessions`).length, 4)
  t.equal(await outcomeOf(signIn(core, email)), 'granted', 'and then all is well again')
})

t.test('of two who renew one outdated hash at once, both are let in', async t => {
  const { core, sql, settings } = await buildCore(t, { settings: { passwords: { concurrency: 4 } } })
  const stronger = await secondCore(t, settings, { passwords: { memory: 2_048 } })
  for (let round = 0; round < 25; round += 1) {
    const { email, account } = await signedIn(core)
    const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(signIn(stronger, email))))
    t.same(outcomes, ['granted', 'granted', 'granted'])
    const [row] = await sql`SELECT password_hash AS hash, epoch FROM accounts WHERE id = ${account.id}`
    t.match(row, { hash: 'm=2048', epoch: 0 }, 'and nobody is signed out by it')
  }
})

t.test('a password change during a renewal of its hash is not refused as wrong', async t => {
  const { core, settings } = await buildCore(t, { settings: { passwords: { concurrency: 4 } } })
  const stronger = await secondCore(t, settings, { passwords: { memory: 2_048 } })
  const outcomes = new Set<string>()
  for (let round = 0; round < 40; round += 1) {
    const { email, account } = await signedIn(core)
    const [changed] = await Promise.all([
      outcomeOf(stronger.signIn.changePassword({
        accountId: account.id, current: password, replacement: 'another password', minPasswordLength: 8, keep: 'all'
      }, clientInfo)),
      outcomeOf(signIn(stronger, email))
    ])
    outcomes.add(changed)
  }
  t.same([...outcomes], ['granted'])
})

const ends: Record<string, (core: Core, account: Account) => Promise<unknown>> = {
  'a password change': (core, { account }) => core.signIn.changePassword({
    accountId: account.id, current: password, replacement: 'another password', minPasswordLength: 8, keep: 'none'
  }, clientInfo),
  disabling: (core, { email }) => core.accounts.disable(email, clientInfo),
  deletion: (core, { email }) => core.accounts.delete(email, clientInfo)
}

for (const [name, end] of Object.entries(ends)) {
  t.test(`sign-ins at one instance racing ${name} at another leave nothing alive at either`, async t => {
    const { core: here, settings, sql } = await buildCore(t, {
      ownDatabase: true, settings: { passwords: { concurrency: 4 } }
    })
    const there = await secondCore(t, settings)
    for (let round = 0; round < 66; round += 1) {
      const account = await signedIn(here)
      const attempts = Array.from({ length: 3 }, (_, n) => n < 2
        ? signIn(here, account.email)
        : here.signIn.withPassword({ email: account.email, password }, 'spa', clientInfo))
      const [settled] = await Promise.all([Promise.allSettled(attempts), end(there, account)])
      for (const outcome of settled) {
        if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'invalid_credentials' })
        const { accessToken } = outcome.status === 'fulfilled' ? outcome.value : account
        for (const core of [there, here]) t.not(await rejectionOf(core, accessToken), null)
        if (outcome.status === 'fulfilled' && 'refreshToken' in outcome.value) {
          const { refreshToken } = outcome.value
          t.match(await outcomeOf(there.refresh.trade(String(refreshToken), clientInfo)), 'invalid_refresh_token/')
        }
      }
    }
    const alive = await sql`
      SELECT 1 FROM sessions JOIN accounts ON accounts.id = sessions.account_id
      WHERE sessions.ended_at IS NULL AND sessions.epoch = accounts.epoch`
    t.equal(alive.length, 0)
  })
}

/** Does something to accounts in a transaction that ends when the test says so. */
async function heldChange (t: Test, sql: postgres.Sql, change: (sql: postgres.Sql) => Promise<unknown>) {
  const connection = await sql.reserve()
  await connection`BEGIN`
  await change(connection)
  let open = true
  const end = async (how: 'COMMIT' | 'ROLLBACK') => {
    if (!open) return
    open = false
    await connection.unsafe(how)
    connection.release()
  }
  t.teardown(() => end('ROLLBACK'))
  return end
}

t.test('a session that began while its account\'s epoch was being stepped is dead once that is committed', async t => {
  const { core, sql } = await buildCore(t)
  const { email, account } = await signedIn(core)
  const commit = await heldChange(t, sql, sql => sql`UPDATE accounts SET epoch = epoch + 1 WHERE id = ${account.id}`)
  const grant = await signIn(core, email)
  const once = await core.signIn.withPassword({ email, password }, 'web', clientInfo)
  await commit('COMMIT')
  t.equal(await rejectionOf(core, grant.accessToken), 'revoked')
  t.equal(await rejectionOf(core, once.accessToken), 'revoked')
  t.equal(await outcomeOf(core.refresh.trade(grant.refreshToken, clientInfo)), 'invalid_refresh_token/revoked')
  t.same(await core.sessions.list(account.id), [])
})

for (const [how, expected] of [['COMMIT', 'invalid_credentials'], ['ROLLBACK', 'granted']] as const) {
  t.test(`a sign-in that meets a deletion waits for it: ${how} makes it ${expected}`, async t => {
    const { core, sql } = await buildCore(t)
    const { email, account } = await signedIn(core)
    const end = await heldChange(t, sql, sql => sql`DELETE FROM accounts WHERE id = ${account.id}`)
    const outcome = outcomeOf(signIn(core, email))
    await until('the sign-in waits', () => isLockAwaited(sql))
    await end(how)
    t.equal(await outcome, expected)
  })
}

t.test('a session is not begun when the password or the account changed since the check', async t => {
  const otherHash = '$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'
  const changes: Record<string, (sql: postgres.Sql, id: string) => Promise<unknown>> = {
    'another password': (sql, id) => sql`UPDATE accounts SET password_hash = ${otherHash} WHERE id = ${id}`,
    disabled: (sql, id) => sql`UPDATE accounts SET disabled_at = now() WHERE id = ${id}`,
    deleted: (sql, id) => sql`DELETE FROM accounts WHERE id = ${id}`
  }
  for (const [name, change] of Object.entries(changes)) {
    const { core, sql } = await buildCore(t)
    const { email, account } = await signedIn(core)
    // The lock holds up the statement that begins the session, not the one that reads the hash.
    const end = await heldChange(t, sql, async sql => {
      await sql`LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`
      await change(sql, account.id)
    })
    const outcome = outcomeOf(signIn(core, email))
    await until('the sign-in waits', () => isLockAwaited(sql))
    await end('COMMIT')
    t.equal(await outcome, 'invalid_credentials', name)
  }
})
