import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { createMail, type MailLimitSettings } from '../../../src/core/mail/index.js'
import { MailRefused, type OutgoingMail } from '../../../src/core/mail/mail.js'
import { openSql } from '../../support/open-sql.js'
import { buildCore } from '../../support/build.js'
import { earlier } from '../../support/earlier.js'
import { outcomeOf } from '../../support/refusal.js'
import { until } from '../../support/until.js'

/* The outbox over a real database, with a transport that the test rules over. The database's clock is moved by rows. */

const keyring = createKeyring('a secret of at least 32 bytes, no less')
const limits: MailLimitSettings = { maxPerAddress: 3, maxPerNetwork: 4, maxPerHour: 1_000 }

async function setUp (t: Test, settings: Partial<MailLimitSettings> = {}) {
  const { db, settings: built } = await buildCore(t, { ownDatabase: true })
  const sql = openSql(t, built)
  const sent: OutgoingMail[] = []
  const errors: string[] = []
  let fail: (mail: OutgoingMail) => Promise<void> | void = () => {}

  const openMail = (ring = keyring, isAvailable = true) => {
    const mail = createMail({
      db,
      keyring: ring,
      limits: { ...limits, ...settings },
      transport: {
        isAvailable,
        send: async each => {
          await fail(each)
          sent.push(each)
        }
      },
      onError: error => errors.push(String(error))
    })
    t.teardown(() => mail.delivery.stop())
    return mail
  }
  const mail = openMail()

  async function stored (recipient: string | null = 'ann@example.com') {
    const accountId = randomUUID()
    const content = { kind: 'sign-in-link', values: { name: 'Ann', link: 'https://x.example' } } as const
    await db.sql`
      WITH asked AS (SELECT ${accountId}::uuid AS account_id),
      stored AS (${mail.insertion({ content, recipient }, 'asked')})
      SELECT account_id FROM asked`
    return accountId
  }

  return {
    mail,
    sql,
    db,
    sent,
    errors,
    openMail,
    stored,
    refuse: (how: typeof fail) => { fail = how },
    rowOf: async (accountId: string) => {
      const [row] = await sql`
        SELECT *, extract(epoch FROM due_at - now())::int AS due_in FROM mails WHERE account_id = ${accountId}`
      return row
    },
    makeDue: (accountId: string) => sql`UPDATE mails SET due_at = now() WHERE account_id = ${accountId}`
  }
}

t.test('a mail is sent once, and what was in it is erased', async t => {
  const { mail, sent, stored, rowOf } = await setUp(t)
  const accountId = await stored()
  const before = await rowOf(accountId)
  t.notMatch(String(before?.sealed_values), /x\.example/, 'encrypted')
  mail.delivery.start(0)
  await until('it is sent', async () => (await rowOf(accountId))?.sent_at !== null)
  t.same(sent, [{
    id: before?.id,
    kind: 'sign-in-link',
    recipient: 'ann@example.com',
    values: { name: 'Ann', link: 'https://x.example' }
  }])
  t.match(await rowOf(accountId), { sealed_values: null, attempts: 1, last_error: null })
  await until('it is counted', () => mail.metrics().mailsSent === 1)
  t.match(mail.metrics(), { mailsFailed: 0, mailsQueued: 0, oldestMailSeconds: 0 })
})

t.test('a mail without a recipient is never sent, and leaves no row', async t => {
  const { mail, sent, stored, rowOf } = await setUp(t)
  const accountId = await stored(null)
  t.same(await mail.waiting(10), [])
  mail.delivery.start(0)
  await until('it is dropped', async () => await rowOf(accountId) === undefined)
  t.same(sent, [])
})

t.test('many at once, and a wake-up for each, are all sent once', async t => {
  const { mail, openMail, sent, stored, sql } = await setUp(t)
  const many = 23
  await Promise.all(Array.from({ length: many }, () => stored()))
  const others = [openMail(), openMail()]
  for (const each of [mail, ...others]) each.delivery.start(0)
  await until('all are sent', () => sent.length >= many)
  for (const each of [mail, ...others]) await each.delivery.stop()
  t.equal(new Set(sent.map(({ id }) => id)).size, many)
  t.equal(sent.length, many, 'of three processes that see a mail is due, one sends it')
  t.same(await sql`SELECT FROM mails WHERE sent_at IS NULL`, [])
})

t.test('one that fails is tried again after 5 s, 30 s, 2 min, 10 min, 1 h and every 6 h, as the same', async t => {
  const { mail, sent, errors, stored, refuse, rowOf, makeDue } = await setUp(t)
  const accountId = await stored()
  const tried: string[] = []
  refuse(({ id }) => {
    tried.push(id)
    throw new Error('451 try later')
  })
  mail.delivery.start(0)
  for (const [attempt, delay] of [5, 30, 120, 600, 3_600, 21_600, 21_600].entries()) {
    await until(`attempt ${attempt + 1}`, async () => {
      const row = await rowOf(accountId)
      return row?.attempts === attempt + 1 && Math.abs(Number(row.due_in) - delay) <= 2
    })
    t.match(await rowOf(accountId), { last_error: 'Error: 451 try later', sent_at: null, failed_at: null })
    await makeDue(accountId)
    mail.delivery.wake()
  }
  t.match(await mail.waiting(10), [{ recipient: 'ann@example.com', kind: 'sign-in-link' }])
  t.equal(new Set(tried).size, 1, 'the id, and so the Message-ID, is the same')
  refuse(() => {})
  await makeDue(accountId)
  mail.delivery.wake()
  await until('it is sent', () => sent.length === 1)
  t.same(errors, [])
})

t.test('one that is refused for good, is a day old, or cannot be decrypted is given up and counted', async t => {
  const { mail, openMail, sql, sent, errors, stored, refuse, rowOf } = await setUp(t)
  refuse(() => { throw new MailRefused('550 no such user') })
  const refused = await stored()
  mail.delivery.start(0)
  await until('it is given up', async () => (await rowOf(refused))?.failed_at !== null)
  t.match(await rowOf(refused), { sealed_values: null, last_error: 'Error: 550 no such user' })
  t.match(await mail.failed(10), [{ lastError: 'Error: 550 no such user' }])

  refuse(() => { throw new Error('greylisted') })
  const old = await stored()
  await sql`
    UPDATE mails SET created_at = ${earlier(sql, 'created_at', 86_401)}, due_at = now() WHERE account_id = ${old}`
  mail.delivery.wake()
  await until('it is given up too', async () => (await rowOf(old))?.failed_at !== null)
  await until('both are counted', () => mail.metrics().mailsFailed === 2)
  await mail.delivery.stop()

  refuse(() => {})
  const foreign = openMail(createKeyring('another secret of at least 32 bytes'))
  const sealed = await stored()
  foreign.delivery.start(0)
  await until('it is given up as well', async () => (await rowOf(sealed))?.failed_at !== null)
  const erased = await stored()
  await sql`UPDATE mails SET sealed_values = NULL WHERE account_id = ${erased}`
  foreign.delivery.wake()
  await until('nor is one without content sent', async () => (await rowOf(erased))?.failed_at !== null)
  t.match(errors.join('\n'), /550 no such user[^]*greylisted[^]*no known secret encrypted it/)
  t.same(sent, [])
})

t.test('what a process that died had claimed, another one sends within a minute', async t => {
  const { mail, stored, refuse, rowOf } = await setUp(t)
  const accountId = await stored()
  let isTaken = false
  const { promise, resolve } = withResolver()
  refuse(() => {
    isTaken = true
    return promise
  })
  mail.delivery.start(0)
  await until('it is claimed', () => isTaken)
  const row = await rowOf(accountId)
  t.equal(row?.sent_at, null)
  t.ok(Number(row?.due_in) > 30 && Number(row?.due_in) <= 50, `due again in ${row?.due_in} s`)
  resolve(undefined)
})

t.test('beyond the limit of an hour mails wait for the next hour, as they are', async t => {
  const { mail, sent, stored, rowOf, sql } = await setUp(t, { maxPerHour: 2 })
  const all = [await stored(), await stored(), await stored()]
  mail.delivery.start(0)
  await until('two are sent', () => sent.length === 2)
  await mail.delivery.stop()
  const rows = await Promise.all(all.map(rowOf))
  const waiting = rows.filter(row => row?.sent_at === null)
  t.equal(waiting.length, 1)
  t.match(waiting, [{ attempts: 0, last_error: null }])
  t.ok(Number(waiting[0]?.due_in) > 3_000)
  await sql`UPDATE mail_counts SET ends_at = now()`
  await sql`UPDATE mails SET due_at = now()`
  mail.delivery.start(0)
  await until('the third is sent', () => sent.length === 3)
  await until('nothing is queued', () => mail.metrics().mailsQueued === 0)
})

t.test('a failure of the database is reported, and the next round goes on', async t => {
  const { mail, stored, sent, errors, sql } = await setUp(t)
  await stored()
  await sql`ALTER TABLE mails RENAME TO mails_gone`
  mail.delivery.start(0)
  await until('it is reported', () => errors.length > 0)
  await sql`ALTER TABLE mails_gone RENAME TO mails`
  mail.delivery.wake()
  await until('it is sent', () => sent.length === 1)
})

t.test('an address gets one mail a minute and so many an hour for a purpose; a network asks for so many', async t => {
  const { mail, sql } = await setUp(t)
  const address = `${randomUUID()}@example.com`
  const burst = await Promise.all(Array.from({ length: 20 }, () => mail.limits.admitAddress(address, 'sign_in')))
  t.equal(burst.filter(Boolean).length, 1, 'of any number at once')
  t.equal(await mail.limits.admitAddress(address, 'reset_password'), true, 'another purpose counts by itself')
  const admitted = []
  for (let minute = 0; minute < 5; minute += 1) {
    await sql`UPDATE mail_counts SET ends_at = now() WHERE ends_at < now() + interval '61 s'`
    admitted.push(await mail.limits.admitAddress(address, 'sign_in'))
  }
  t.same(admitted, [true, true, false, false, false])

  const networks = ['192.0.2.1', null, '2001:db8::1'] as const
  for (const network of networks) {
    const outcomes = []
    for (let asked = 0; asked < 5; asked += 1) outcomes.push(await outcomeOf(mail.limits.admitNetwork(network)))
    t.same(outcomes, ['granted', 'granted', 'granted', 'granted', 'too_many_mails'])
  }
  await t.rejects(mail.limits.admitNetwork('2001:db8:0:5::7'), { code: 'too_many_mails', retryAfter: 3_600 },
    'a customer of a provider has a whole /48')
  t.notMatch(JSON.stringify(await sql`SELECT key FROM mail_counts`), address)
})

t.test('counts, and mails of more than a week ago, are removed', async t => {
  const { mail, sql, stored, rowOf } = await setUp(t)
  const [old, young] = [await stored(), await stored()]
  await sql`UPDATE mails SET created_at = ${earlier(sql, 'created_at', 7 * 86_400 + 1)} WHERE account_id = ${old}`
  await mail.limits.admitAddress('x@example.com', 'sign_in')
  await sql`UPDATE mail_counts SET ends_at = now() - interval '1 s'`
  await mail.cleanUp()
  t.same([await rowOf(old), await sql`SELECT FROM mail_counts`], [undefined, []])
  t.ok(await rowOf(young))
})

t.test('a notice goes to a verified address only, where mails can be sent', async t => {
  const { mail, openMail, db, sql } = await setUp(t)
  const counts = []
  const cases = [[mail, new Date()], [mail, null], [openMail(keyring, false), new Date()]] as const
  for (const [room, emailVerifiedAt] of cases) {
    const account = { email: 'ann@example.com', emailVerifiedAt }
    await db.sql`
      WITH asked AS (SELECT ${randomUUID()}::uuid AS account_id),
      notice AS (${room.notice(account, { kind: 'password-changed', values: { name: 'Ann' } }, 'asked')})
      SELECT account_id FROM asked`
    counts.push((await sql`SELECT FROM mails`).length)
  }
  t.same(counts, [1, 1, 1])
  t.throws(() => { openMail(keyring, false).requireAvailable() }, { code: 'mail_unavailable' })
})

function withResolver () {
  let resolve: (value: undefined) => void = () => {}
  const promise = new Promise<undefined>(_resolve => { resolve = _resolve })
  return { promise, resolve }
}
