import t, { type Test } from 'tap'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import type { ClientInfo } from '../../../src/core/lib/client-info.js'
import { valuesOf } from '../../../src/core/mail/outbox.js'
import type { mails } from '../../../src/db/mail-schema.js'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'

type StoredMail = Pick<typeof mails.$inferSelect, 'id' | 'sealedValues' | 'recipient'>

/** An account with a verified address and one session, and the notices that it got. */
async function setUp (t: Test) {
  const { core, db, settings } = await buildCore(t, { ownDatabase: true, now: () => Date.UTC(2026, 1, 3, 4, 5, 6) })
  const keyring = createKeyring(settings.secrets.current ?? '')
  const { account: { id }, email } = await signedIn(core)
  await db.sql`UPDATE accounts SET email_verified_at = now() WHERE id = ${id}`

  const signIn = (by: Partial<ClientInfo> = {}) =>
    core.signIn.withPassword({ email, password }, 'account', { ...clientInfo, ...by })

  async function notices () {
    const rows = await db.sql<StoredMail[]>`
      DELETE FROM mails WHERE account_id = ${id} AND kind = 'new-device' RETURNING id, sealed_values, recipient`
    return rows.map(row => {
      t.equal(row.recipient, email)
      return valuesOf(keyring, row)
    })
  }
  return { core, db, id, email, signIn, notices }
}

const safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/18.5 Mobile/15E148 Safari/604.1'

t.test('a sign-in from a device unlike those of the account is notified to its owner, once', async t => {
  const { email, signIn, notices } = await setUp(t)
  await signIn()
  t.same(await notices(), [], 'the same as at sign-up')
  await signIn({ userAgent: safari, address: '203.0.113.77' })
  t.same(await notices(), [
    { name: email.split('@')[0], device: 'Safari on iPhone', network: '203.0.113.0/24', at: '2026-02-03 04:05 UTC' }
  ])
  await signIn({ userAgent: safari, address: '203.0.113.77' })
  t.same(await notices(), [], 'it is known now')
  await signIn({ userAgent: safari, address: '198.51.100.1' })
  t.equal((await notices()).length, 1, 'in another network')
  await signIn({ userAgent: null, address: null, deviceName: 'Kitchen' })
  t.match(await notices(), [{ device: 'Kitchen', network: 'an unknown network' }])
  await signIn({ userAgent: null, address: null })
  t.match(await notices(), [{ device: 'an unknown device' }])
})

t.test('a device that sends the token of an earlier sign-in is known wherever it is', async t => {
  const { core, email, signIn, notices } = await setUp(t)
  const deviceToken = core.signIn.deviceToken(email)
  await signIn({ userAgent: safari, address: '203.0.113.77', deviceToken })
  t.same(await notices(), [])
  await signIn({ userAgent: 'other', deviceToken: core.signIn.deviceToken('other@example.com') })
  t.equal((await notices()).length, 1, 'but not by the token of another account')
})

t.test('an address that was not confirmed gets no notice', async t => {
  const { db, id, signIn, notices } = await setUp(t)
  await db.sql`UPDATE accounts SET email_verified_at = NULL WHERE id = ${id}`
  await signIn({ userAgent: safari })
  t.same(await notices(), [])
})

t.test('the first sign-in tells nothing within a day, and later gets a notice', async t => {
  const { db, id, signIn, notices } = await setUp(t)
  await db.sql`DELETE FROM sessions WHERE account_id = ${id}`
  await signIn({ userAgent: safari })
  t.same(await notices(), [])
  await db.sql`DELETE FROM sessions WHERE account_id = ${id}`
  await db.sql`UPDATE accounts SET created_at = now() - interval '2 days' WHERE id = ${id}`
  await signIn({ userAgent: safari })
  t.equal((await notices()).length, 1)
})

t.test('one who has the password fills no mailbox: five notices an hour', async t => {
  const { db, id, signIn, notices } = await setUp(t)
  for (let each = 0; each < 8; each += 1) await signIn({ userAgent: `device ${each}` })
  await db.sql`UPDATE mails SET created_at = now() - interval '61 minutes' WHERE account_id = ${id}`
  await signIn({ userAgent: 'device 9' })
  t.equal((await notices()).length, 5 + 1)
})
