import t from 'tap'
import { build, databases } from '../../support/build.js'
import { openSql } from '../../support/open-sql.js'
import { newPerson } from '../../support/people.js'
import { createRequester, sendRequest } from '../../support/requester.js'
import { claimsOf } from '../../support/set-cookie.js'

/** Columns of tables with an account's rows that are not in an export, and why. */
const leftOut: Record<string, Record<string, string>> = {
  accounts: {
    password_hash: 'a secret',
    epoch: 'how often all access was ended, which the audit events say',
    deletes_at: 'nobody is signed in while it waits for its deletion',
    disabled_at: 'there is no export of a disabled account'
  },
  account_identifiers: { kind: 'as in the profile', value: 'as in the profile', claimed_at: 'as the account was made' },
  sessions: {
    client_id: 'a partner service',
    epoch: 'as above',
    email: 'a copy of the profile',
    network: 'the address again',
    generation: 'a state of tokens',
    current_hash: 'of a secret',
    previous_hash: 'of a secret',
    nonce: 'a secret',
    earlier_generation: 'a state of tokens',
    earlier_rotations: 'of secrets',
    earlier_rotated_at: 'a state of tokens',
    confirmed_generation: 'a state of tokens',
    late_generation: 'a state of tokens',
    late_streak: 'a state of tokens'
  },
  challenges: {
    id: 'of a secret',
    purpose: 'as the kind of its mail',
    email: 'as the recipient of its mail',
    epoch: 'as above',
    code_hash: 'of a secret',
    code_expires_at: 'a state of a secret',
    tries_left: 'a state of a secret',
    link_hash: 'of a secret',
    created_at: 'as of its mail',
    expires_at: 'a state of a secret',
    used_at: 'as in the audit events'
  },
  mails: {
    sealed_values: 'a secret',
    due_at: 'a state of the outbox',
    attempts: 'a state of the outbox',
    last_error: 'of the SMTP server',
    failed_at: 'a state of the outbox'
  },
  tasks: {},
  audit_events: {
    subject: 'of clients and keys only',
    request_id: 'of the log of the server',
    details: 'an operator\'s words, and members of the profile as they were'
  },
  removed_subjects: { client_id: 'what a partner wants no events of', session_id: 'what a partner wants no events of' }
}

/** Where a column is in an export, if not under its own name. */
const names: Record<string, string> = {
  device_name: 'device',
  email_verified_at: 'emailVerified',
  rotated_at: 'lastSeenAt',
  subscription_status: 'status',
  subscription_plan: 'plan',
  subscription_expires_at: 'expiresAt'
}

interface Export {
  profile: object
  subscription: object
  sessions: object[]
  auditEvents: Array<{ id: string, at: string, event: string }>
  mails: object[]
  tasks: Array<{ id: string }>
}

const camelCase = (column: string) => column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

for (const database of databases) {
  t.test(`the export on ${database}`, async t => {
    const server = await build(t, { database })
    const sql = openSql(t, server.settings)
    const request = createRequester(server.api, 'account')

    async function signedUp () {
      const { email, password, username } = newPerson()
      const json = { email, password, username, name: 'Ann' }
      const { body } = await request(t, 'POST /api/account/sign-up', { json })
      return { email, password, bearer: String(body.data.token), id: String(claimsOf(body.data.token).sub) }
    }

    await t.test('it has every row and every column of the account that is not left out for a reason', async t => {
      const { email, password, bearer, id } = await signedUp()
      await signedUp()
      const { body: signedIn } = await request(t, 'POST /api/account/sign-in', { json: { email, password } })
      await request(t, 'POST /api/account/sign-out', { bearer: signedIn.data.token })
      for (const title of ['Buy milk', 'Buy bread']) {
        await sendRequest(server.tasks, 'POST /tasks', { bearer, json: { title } })
      }
      const reply = await request(t, 'GET /api/account/me/export', { bearer })
      t.equal(reply.status, 200)
      t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
      t.equal(reply.headers.get('content-disposition'), 'attachment; filename="account.json"')
      t.equal(reply.headers.get('cache-control'), 'no-store')
      const { profile, subscription, sessions, auditEvents, mails, tasks } = reply.body as Export
      t.match(profile, { id: `user_${id}`, email, name: 'Ann' })
      // The first two may be of the same microsecond.
      t.same(auditEvents.map(({ event }) => event).sort(),
        ['account_created', 'signed_in', 'signed_in', 'signed_out'])
      t.match(sessions, [{ address: '127.0.0.1', endReason: null }, { endReason: 'signed_out' }])
      t.match(tasks, [{ title: 'Buy milk' }, { title: 'Buy bread' }])
      t.match(mails, [{ kind: 'verify-email', recipient: email }])
      t.notMatch(reply.text, /rt_|eyJ|argon2/)

      const exported: Record<string, object> = {
        accounts: { ...profile, ...subscription },
        account_identifiers: {},
        sessions: sessions[0] ?? {},
        challenges: {},
        mails: mails[0] ?? {},
        tasks: tasks[0] ?? {},
        audit_events: auditEvents[0] ?? {},
        removed_subjects: {}
      }
      const columns = await sql<{ table: string, column: string }[]>`
        SELECT table_name AS table, column_name AS column FROM information_schema.columns
        WHERE table_schema = 'public' AND (table_name = 'accounts' OR table_name IN (
          SELECT table_name FROM information_schema.columns
          WHERE table_schema = 'public' AND column_name = 'account_id'))`
      t.same([...new Set(columns.map(({ table }) => table))].sort(), Object.keys(exported).sort())
      for (const { table, column } of columns) {
        if (column === 'account_id') continue
        const isExported = (names[column] ?? camelCase(column)) in (exported[table] ?? {})
        t.not(isExported, column in (leftOut[table] ?? {}), `${table}.${column}`)
      }
      const [counts] = await sql<[Record<string, number>]>`
        SELECT (SELECT count(*)::int FROM sessions WHERE account_id = ${id}) AS sessions,
          (SELECT count(*)::int FROM tasks WHERE account_id = ${id}) AS tasks,
          (SELECT count(*)::int FROM audit_events WHERE account_id = ${id}) AS events`
      t.same(counts, { sessions: sessions.length, tasks: tasks.length, events: auditEvents.length })
    })

    await t.test('what is for operators is not in it, and long lists are whole', async t => {
      const { bearer, id } = await signedUp()
      const many = 2_500
      await sql`
        INSERT INTO audit_events (account_id, event, at)
        SELECT ${id}, CASE WHEN n % 100 = 0 THEN 'refresh_retried_late' ELSE 'signed_in' END,
          now() - interval '1 s' * (n / 10)
        FROM generate_series(1, ${many}) AS n`
      await sql`
        INSERT INTO tasks (account_id, id, title) SELECT ${id}, gen_random_uuid(), n::text
        FROM generate_series(1, ${many}) AS n`
      const { body } = await request(t, 'GET /api/account/me/export', { bearer })
      const { auditEvents: events, tasks } = body as Export
      t.equal(events.length, many - many / 100 + 2)
      t.equal(new Set(events.map(({ id }) => id)).size, events.length)
      t.notOk(events.some(({ event }) => event === 'refresh_retried_late'))
      t.same(events.map(({ at }) => at), events.map(({ at }) => at).sort(), 'the oldest first')
      t.equal(new Set(tasks.map(({ id }) => id)).size, many)
    })

    await t.test('an account that was deleted a moment ago has none', async t => {
      const { bearer, id } = await signedUp()
      t.equal((await request(t, 'GET /api/account/me/export', { bearer })).status, 200)
      await sql`DELETE FROM accounts WHERE id = ${id}`
      const { status, body } = await request(t, 'GET /api/account/me/export', { bearer })
      t.same([status, body.error.reason], [401, 'unknown'])
    })
  })
}
