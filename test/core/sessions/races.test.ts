import t, { type Test } from 'tap'
import { AuthError } from '../../../src/core/errors.js'
import type { IssuedTokens } from '../../../src/core/sessions/token-issuer.js'
import type { Core } from '../../../src/core/index.js'
import { rejectionOf, clientInfo, password, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'
import { isOnCitus } from '../../support/test-database.js'

/* Whatever ends access wins against whatever goes on at the same moment: afterwards nothing of it is alive. */

/** More with KEYTURN_RACE_ROUNDS. */
const rounds = Number(process.env.KEYTURN_RACE_ROUNDS ?? 30)

const change = { current: password, replacement: 'another password', minPasswordLength: 8 }

type Account = Awaited<ReturnType<typeof signedIn>>

const ends: Record<string, (core: Core, account: Account) => Promise<unknown>> = {
  'sign-out': (core, account) => core.sessions.signOut.byRefreshToken(account.refreshToken, clientInfo),
  'the end of all sessions': (core, account) => core.sessions.endAll(account.account.id, 'revoked', clientInfo),
  'a password change': (core, account) => core.signIn.changePassword({
    ...change, accountId: account.account.id, keep: 'none'
  }, clientInfo),
  disabling: (core, account) => core.accounts.disable(account.email, clientInfo),
  deletion: (core, account) => core.accounts.delete(account.email, clientInfo)
}

/** The grants of those that were let through; a refusal is as good, any other error is not. */
async function granted (attempts: Array<Promise<IssuedTokens>>): Promise<IssuedTokens[]> {
  const outcomes = await Promise.allSettled(attempts)
  return outcomes.flatMap(outcome => {
    if (outcome.status === 'fulfilled') return [outcome.value]
    const isRefused = outcome.reason instanceof AuthError && /^invalid|^wrong_password$/.test(outcome.reason.code)
    if (isRefused) return []
    throw outcome.reason
  })
}

async function isDead (t: Test, core: Core, grants: IssuedTokens[], what: string): Promise<void> {
  for (const grant of grants) {
    t.not(await rejectionOf(core, grant.accessToken), null, `no access token outlives ${what}`)
    await t.rejects(core.refresh.trade(grant.refreshToken, clientInfo), { code: 'invalid_refresh_token' })
  }
}

for (const [name, end] of Object.entries(ends)) {
  t.test(`refresh racing ${name} leaves nothing alive`, async t => {
    const { core } = await buildCore(t)
    for (let round = 0; round < rounds; round += 1) {
      const account = await signedIn(core)
      const refreshes = Array.from({ length: 3 }, () => core.refresh.trade(account.refreshToken, clientInfo))
      const [grants] = await Promise.all([granted(refreshes), end(core, account)])
      await isDead(t, core, [account, ...grants], name)
    }
  })
}

for (const name of ['a password change', 'disabling', 'deletion']) {
  t.test(`sign-in racing ${name} leaves nothing alive`, async t => {
    const { core } = await buildCore(t, { settings: { passwords: { concurrency: 4 } } })
    for (let round = 0; round < rounds; round += 1) {
      const account = await signedIn(core)
      const signIns = Array.from({ length: 3 }, () =>
        core.signIn.withPassword({ email: account.email, password }, 'partner', clientInfo))
      const [grants] = await Promise.all([granted(signIns), ends[name]?.(core, account)])
      await isDead(t, core, [account, ...grants], name)
    }
  })
}

t.test('of two password changes at the same moment one wins', async t => {
  const { core } = await buildCore(t, { settings: { passwords: { concurrency: 4 } } })
  for (let round = 0; round < 20; round += 1) {
    const { account, email } = await signedIn(core)
    const replacements = ['first replacement', 'second replacement']
    const outcomes = await Promise.allSettled(replacements.map(replacement => core.signIn.changePassword(
      { ...change, accountId: account.id, replacement, keep: 'none' }, clientInfo)))
    const winners = replacements.filter((_, index) => outcomes[index]?.status === 'fulfilled')
    t.equal(winners.length, 1)
    t.ok(await core.signIn.withPassword({ email, password: winners[0] ?? '' }, 'partner', clientInfo))
  }
})

t.test('of two password changes at once that begin a session one wins, and its session alone is valid', async t => {
  const { core } = await buildCore(t, { settings: { passwords: { concurrency: 4 } } })
  for (let round = 0; round < 20; round += 1) {
    const own = await signedIn(core)
    const change = { accountId: own.account.id, current: password, minPasswordLength: 8 }
    const changes = await granted(['first replacement', 'second replacement'].map(replacement =>
      core.signIn.withNewPassword({ ...change, replacement }, 'account', clientInfo)))
    t.equal(changes.length, 1)
    await isDead(t, core, [own], 'the change')
    for (const { accessToken, refreshToken } of changes) {
      t.equal(await rejectionOf(core, accessToken), null)
      t.ok(await core.refresh.trade(refreshToken, clientInfo, { contract: 'account' }))
    }
  }
})

const meanwhile = {
  deleted: { deed: 'DELETE FROM accounts WHERE id = NEW.account_id', outcome: 'invalid_credentials' },
  'without room on the disk': { deed: "RAISE EXCEPTION USING ERRCODE = 'disk_full'", outcome: 'unavailable' }
}

for (const [what, { deed, outcome }] of Object.entries(meanwhile)) {
  t.test(`a sign-in that finds its account, and then ${what}, begins no session`, { skip: isOnCitus }, async t => {
    const { core, sql } = await buildCore(t, { ownDatabase: true })
    const { email } = await signedIn(core)
    await sql.unsafe(`
      CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN ${deed}; RETURN NEW; END$$;
      CREATE TRIGGER meanwhile BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION meanwhile()`).simple()
    t.equal(await outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo)), outcome)
  })
}
