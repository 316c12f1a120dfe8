import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { clientInfo, password } from '../../support/accounts.js'
import { buildCore, type BuildOptions } from '../../support/build.js'
import { earlier } from '../../support/earlier.js'
import { isLockAwaited } from '../../support/lock-waits.js'
import { mailboxOf } from '../../support/mailbox.js'
import { outcomeOf } from '../../support/refusal.js'
import { until } from '../../support/until.js'

const newEmail = () => `${randomUUID()}@example.com`

async function setUp (t: Test, options: BuildOptions = {}) {
  const built = await buildCore(t, options)
  const { core, sql, settings } = built
  core.mail.delivery.start(0)
  const mailbox = mailboxOf(settings)

  async function person (isVerified = true) {
    const email = newEmail()
    const { id } = await core.accounts.register({ email, password, minPasswordLength: 8 }, clientInfo)
    if (isVerified) await sql`UPDATE accounts SET email_verified_at = now() WHERE id = ${id}`
    return { id, email }
  }

  async function moveTo (id: string, email: string): Promise<void> {
    await core.emailLinks.requestEmailChange({ accountId: id, newEmail: email, proof: { password } }, clientInfo)
    const { token } = await mailbox.next(email, 'change-email')
    await core.emailLinks.changeEmail({ token }, clientInfo)
  }

  return { ...built, mailbox, person, moveTo }
}

t.test('of many that verify, or undo, with one link at once, one does', async t => {
  const { core, mailbox, person, moveTo } = await setUp(t)
  const { email } = await person(false)
  await core.emailLinks.requestVerification(email, clientInfo)
  const { token } = await mailbox.next(email, 'verify-email')
  const verified = await Promise.all(Array.from({ length: 10 }, () =>
    outcomeOf(core.emailLinks.verify({ token }, clientInfo))))
  t.same(verified.toSorted(), ['granted', ...Array.from({ length: 9 }, () => 'invalid_link/token_used')])

  const other = await person()
  await moveTo(other.id, newEmail())
  const undo = await mailbox.next(other.email, 'email-changed')
  const undone = await Promise.all(Array.from({ length: 10 }, () =>
    outcomeOf(core.emailLinks.undoEmailChange(undo.token, clientInfo))))
  t.equal(undone.filter(outcome => outcome === 'granted').length, 1)
  t.equal(await core.accounts.holderOf(other.email), other.id)
})

t.test('of two that confirm a change of address and wait for each other, one does', async t => {
  const { core, sql, mailbox, person } = await setUp(t)
  const { id } = await person()
  const next = newEmail()
  await core.emailLinks.requestEmailChange({ accountId: id, newEmail: next, proof: { password } }, clientInfo)
  const { token } = await mailbox.next(next, 'change-email')
  // Claimed before: of two that claim it at once, one may be refused for now.
  await sql`INSERT INTO account_identifiers (kind, value, account_id) VALUES ('email', ${next}, ${id})`
  const outcomes = await sql.begin(async transaction => {
    await transaction`SELECT FROM accounts WHERE id = ${id} FOR UPDATE`
    const both = [1, 2].map(() => outcomeOf(core.emailLinks.changeEmail({ token }, clientInfo)))
    await until('both wait', () => isLockAwaited(sql, 2))
    // As an object: the driver would wait for promises in an array before it commits.
    return { both }
  })
  t.same((await Promise.all(outcomes.both)).toSorted(), ['granted', 'invalid_link/token_used'])
  t.equal(await core.accounts.holderOf(next), id)
})

t.test('a code of an account that was deleted a moment ago is wrong', async t => {
  const { core } = await setUp(t)
  t.equal(await outcomeOf(core.emailLinks.changeEmail({ accountId: randomUUID(), code: '12345678' }, clientInfo)),
    'invalid_code/code_wrong')
  t.equal(await core.accounts.deleteById(randomUUID(), clientInfo), false)
})

t.test('a new address gets one mail a minute', async t => {
  const { core, mailbox, person } = await setUp(t)
  const { id } = await person()
  const address = newEmail()
  for (let asked = 0; asked < 3; asked += 1) {
    await core.emailLinks.requestEmailChange({ accountId: id, newEmail: address, proof: { password } }, clientInfo)
  }
  await mailbox.next(address, 'change-email')
  t.equal((await mailbox.mailsTo(address)).length, 1)
})

t.test('an address that can be brought back is free for no other account, and for any when it cannot', async t => {
  const { core, sql, person, moveTo } = await setUp(t)
  const { id, email } = await person()
  const second = newEmail()
  await moveTo(id, second)
  const claim = () => outcomeOf(core.accounts.register({ email, password, minPasswordLength: 8 }, clientInfo))
  await sql`
    UPDATE account_identifiers SET claimed_at = ${earlier(sql, 'claimed_at', 3_600)} WHERE account_id = ${id}`
  t.equal(await claim(), 'email_taken', 'also when the claim is old')
  await core.emailLinks.cleanUp()
  t.equal(await core.accounts.holderOf(email), id)

  await moveTo(id, email)
  await sql`UPDATE challenges SET expires_at = ${earlier(sql, 'expires_at', 6 * 86_400)} WHERE account_id = ${id}`
  await core.emailLinks.cleanUp()
  t.equal(await core.accounts.holderOf(email), id, 'the account has it again')
  t.equal(await core.accounts.holderOf(second), null, 'and no longer the other one')
  t.same(await sql`SELECT FROM challenges WHERE account_id = ${id}`, [])
})

t.test('one of two undo links is older: its address stays held while the other one expires', async t => {
  const { core, sql, person, moveTo } = await setUp(t)
  const { id, email } = await person()
  await moveTo(id, newEmail())
  await moveTo(id, email)
  await moveTo(id, newEmail())
  await sql`
    UPDATE challenges SET expires_at = ${earlier(sql, 'expires_at', 6 * 86_400)}
    WHERE account_id = ${id} AND id = (
      SELECT id FROM challenges WHERE account_id = ${id} AND email = ${email} AND purpose = 'undo_email_change'
      ORDER BY created_at LIMIT 1)`
  await core.emailLinks.cleanUp()
  t.equal(await core.accounts.holderOf(email), id)
})

t.test('without a grace a deletion is carried out at once, and of two at once one is', async t => {
  const atOnce = await setUp(t, { settings: { deletionGrace: 0 } })
  const { id, email } = await atOnce.person()
  const act = { accountId: id, proof: { password } }
  await atOnce.core.personalData.scheduleDeletion(act, clientInfo)
  t.same([await atOnce.core.accounts.find(id), await atOnce.core.accounts.holderOf(email)], [null, null])

  const { core, person } = await setUp(t)
  const other = await person()
  const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(
    core.personalData.scheduleDeletion({ accountId: other.id, proof: { password } }, clientInfo))))
  t.equal(outcomes.filter(outcome => outcome === 'granted').length, 1)
})
