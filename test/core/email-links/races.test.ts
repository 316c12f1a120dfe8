import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { clientInfo, password, rejectionOf } from '../../support/accounts.js'
import { build, type DatabaseKind } from '../../support/build.js'
import { mailboxOf } from '../../support/mailbox.js'
import { openSql } from '../../support/open-sql.js'
import { outcomeOf } from '../../support/refusal.js'

/* Of everything that happens at one moment, one wins, and nothing that should be dead is alive afterwards. */

/** More with KEYTURN_RACE_ROUNDS, of which the embedded database gets a tenth. */
const perRun = Number(process.env.KEYTURN_RACE_ROUNDS ?? 5)
const rounds: Record<DatabaseKind, number> = { postgres: perRun, embedded: Math.ceil(perRun / 10) }
const atOnce = 50
const newPassword = (name: string) => ({ password: `a new password of ${name}`, minPasswordLength: 8 })

async function setUp (t: Test, database: DatabaseKind) {
  const { core, settings } = await build(t, { database, settings: { passwords: { concurrency: 4 } } })
  const mailbox = mailboxOf(settings)

  async function person () {
    const email = `${randomUUID()}@example.com`
    const account = await core.accounts.register({ email, password, minPasswordLength: 8 }, clientInfo)
    const first = await core.signIn.withPassword({ email, password }, 'partner', clientInfo)
    return { email, id: account.id, first }
  }

  async function resetMail (email: string) {
    await core.emailLinks.requestPasswordReset(email, clientInfo)
    return mailbox.next(email, 'reset-password')
  }

  return { core, sql: openSql(t, settings), mailbox, person, resetMail }
}

for (const database of ['postgres', 'embedded'] as const) {
  t.test(`on ${database}`, async t => {
    const { core, sql, mailbox, person, resetMail } = await setUp(t, database)

    await t.test(`of ${atOnce} that present one code, or its link, one wins`, async t => {
      for (let round = 0; round < rounds[database]; round += 1) {
        const { email } = await person()
        await core.emailLinks.requestSignInCode(email, clientInfo)
        const { code, token } = await mailbox.next(email, 'sign-in-code')
        const outcomes = await Promise.all(Array.from({ length: atOnce }, (_, index) => outcomeOf(index % 2 === 0
          ? core.emailLinks.withEmailCode(email, code, 'account', { ...clientInfo, address: `192.0.2.${index}` })
          : core.emailLinks.withLink(token, 'account', clientInfo))))
        t.equal(outcomes.filter(outcome => outcome === 'granted').length, 1)
        const others = new Set(outcomes.filter(outcome => outcome !== 'granted'))
        for (const limit of ['too_many_failures', 'overloaded']) others.delete(limit)
        t.same([...others].filter(other => !/^invalid_(code\/code|link\/token)_used$/.test(other)), [])
      }
    })

    await t.test(`of ${atOnce} that guess a code at once, five are compared`, async t => {
      for (let round = 0; round < rounds[database]; round += 1) {
        const { email } = await person()
        const { code } = await resetMail(email)
        const outcomes = await Promise.all(Array.from({ length: atOnce }, (_, index) => outcomeOf(
          core.emailLinks.verify({ email, code: `x${index}` }, { ...clientInfo, address: `192.0.2.${index}` }))))
        const refused = outcomes.filter(outcome => outcome === 'too_many_failures' || outcome === 'overloaded')
        t.ok(refused.length >= atOnce - 10, 'ten an account, from wherever they come')
        t.match(await outcomeOf(core.emailLinks.resetPassword({ email, code }, newPassword('x'), {
          ...clientInfo, address: '198.51.100.1'
        })), 'too_many_failures', 'a code is no way around the sign-in throttle')
      }
    })

    await t.test('reset against sign-in, refresh and a second reset: no session of before is alive', async t => {
      for (let round = 0; round < rounds[database]; round += 1) {
        const { email, id, first } = await person()
        const { code, token } = await resetMail(email)
        const [byCode, byLink, signIns, refreshes] = await Promise.all([
          outcomeOf(core.emailLinks.resetPassword({ email, code }, newPassword('code'), clientInfo)),
          outcomeOf(core.emailLinks.resetPassword({ token }, newPassword('link'), clientInfo)),
          Promise.allSettled([1, 2, 3].map(() => core.signIn.withPassword({ email, password }, 'partner', clientInfo))),
          Promise.allSettled([1, 2, 3].map(() => core.refresh.trade(first.refreshToken, clientInfo)))
        ])
        t.equal([byCode, byLink].filter(outcome => outcome === 'granted').length, 1, `${byCode}, ${byLink}`)
        const grants = [...signIns, ...refreshes].flatMap(each => each.status === 'fulfilled' ? [each.value] : [])
        for (const { accessToken, refreshToken } of [first, ...grants]) {
          t.not(await rejectionOf(core, accessToken), null)
          t.match(await outcomeOf(core.refresh.trade(refreshToken, clientInfo)), /^invalid_refresh_token/)
        }
        t.same(await core.sessions.list(id), [])
        const winner = byCode === 'granted' ? 'code' : 'link'
        const credentials = { email, password: newPassword(winner).password }
        t.equal(await outcomeOf(core.signIn.withPassword(credentials, 'partner', clientInfo)), 'granted')
      }
    })

    await t.test('a change of address confirmed by many at once is made once, and the claim stays', async t => {
      const { email, id, first } = await person()
      const newEmail = `${randomUUID()}@example.com`
      await core.emailLinks.requestEmailChange({ accountId: id, newEmail, proof: { password } }, clientInfo)
      const { token } = await mailbox.next(newEmail, 'change-email')
      const outcomes = await Promise.all(Array.from({ length: 10 }, () =>
        outcomeOf(core.emailLinks.changeEmail({ token }, clientInfo))))
      t.equal(outcomes.filter(outcome => outcome === 'granted').length, 1)
      t.equal(await core.accounts.holderOf(newEmail), id)
      t.equal(await core.accounts.holderOf(email), null)
      t.equal(await rejectionOf(core, first.accessToken), null)
    })

    await t.test('of two accounts that confirm one address at once, one gets it', async t => {
      const newEmail = `${randomUUID()}@example.com`
      const people = [await person(), await person()]
      const tokens: string[] = []
      for (const { id } of people) {
        await core.emailLinks.requestEmailChange({ accountId: id, newEmail, proof: { password } }, clientInfo)
        tokens.push((await mailbox.next(newEmail, 'change-email')).token)
        await sql`UPDATE mail_counts SET ends_at = now()`
      }
      const outcomes = await Promise.all(tokens.map(token =>
        outcomeOf(core.emailLinks.changeEmail({ token }, clientInfo))))
      t.same(outcomes.toSorted(), ['email_taken', 'granted'])
    })
  })
}
