import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import * as mailSchema from '../../src/db/mail-schema.js'
import * as operatorSchema from '../../src/db/operator-schema.js'
import * as partnerSchema from '../../src/db/partner-schema.js'
import * as mainSchema from '../../src/db/schema.js'
import { distribute, placements, readDistribution } from '../../src/db/distribution.js'
import { standInForCitus } from '../support/cluster-stand-in.js'
import { isOnCitus, postgresDatabase } from '../support/test-database.js'

const schema = { ...mainSchema, ...mailSchema, ...operatorSchema, ...partnerSchema }

async function setUp (t: Test, servers: number | null = null) {
  const url = await postgresDatabase(t)
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end())
  if (servers !== null) await standInForCitus(sql, { servers })
  return { url, sql }
}

t.test('every table has a place, and those beside another one come after it', async t => {
  const tables = Object.values(schema).filter(table => is(table, PgTable)).map(table => getTableConfig(table).name)
  t.same(Object.keys(placements).toSorted(), tables.toSorted())
  t.equal(Object.keys(placements)[0], 'accounts')
})

t.test('a row of an account is placed by the column that names the account', async t => {
  for (const table of Object.values(schema).filter(table => is(table, PgTable))) {
    const { name, columns, primaryKeys } = getTableConfig(table)
    const placement = placements[name]
    if (placement === undefined || typeof placement === 'string') continue
    const key = [...primaryKeys.flatMap(key => key.columns), ...columns.filter(column => column.primary)]
    t.ok(key.some(column => column.name === placement.by), `a unique key of ${name} has the column`)
  }
})

t.test('one server is refused, in words, and left as it is', { skip: isOnCitus }, async t => {
  const { url, sql } = await setUp(t)
  await t.rejects(distribute({ url }), { name: 'Error', message: /CREATE EXTENSION citus/ })
  t.same(await readDistribution(sql), { isCluster: false, servers: 0, steps: [] })
  t.equal((await sql`SELECT FROM pg_constraint WHERE conname = 'accounts_email_unique'`).length, 1)
})

t.test('a cluster without a server that takes rows is refused', { skip: isOnCitus }, async t => {
  const { url } = await setUp(t, 0)
  await t.rejects(distribute({ url }), { message: /citus_add_node/ })
})

t.test('each table is placed, once, and what holds on one server only is dropped', { skip: isOnCitus }, async t => {
  const { url, sql } = await setUp(t, 2)
  const { steps } = await readDistribution(sql)
  t.same(await distribute({ url }), steps)
  const placed = await sql`SELECT logicalrelid::text AS name, partkey, colocated_with FROM pg_dist_partition`
  t.same(Object.fromEntries(placed.map(({ name, partkey, colocated_with: beside }) => [name, [partkey, beside]])), {
    accounts: ['id', 'none'],
    sessions: ['account_id', 'accounts'],
    tasks: ['account_id', 'accounts'],
    audit_events: ['account_id', 'accounts'],
    challenges: ['account_id', 'accounts'],
    mails: ['account_id', 'accounts'],
    account_identifiers: ['value', 'none'],
    clients: [null, null],
    client_assertions: [null, null],
    event_acknowledgements: [null, null],
    event_streams: [null, null],
    removed_subjects: [null, null],
    signing_keys: [null, null]
  })
  t.equal((await sql`SELECT FROM freed`).length, placed.length)
  const left = await sql`SELECT conname FROM pg_constraint WHERE conrelid = 'accounts'::regclass AND contype = 'u'`
  t.same(left, [])
  t.equal((await sql`SELECT FROM pg_trigger WHERE tgname = 'accounts_claim_identifiers'`).length, 0)
  t.same(await distribute({ url }), [], 'nothing is left to do')
})

t.test('a table that a newer version has is placed by the next run', { skip: isOnCitus }, async t => {
  const { url, sql } = await setUp(t, 2)
  await distribute({ url })
  await sql`DELETE FROM pg_dist_partition WHERE logicalrelid = 'signing_keys'::regclass`
  t.match(await distribute({ url }), [{ description: 'copy signing_keys to every server' }])
})

t.test('a failure leaves nothing half done', { skip: isOnCitus }, async t => {
  const { url, sql } = await setUp(t, 2)
  await sql`DROP FUNCTION create_reference_table(regclass)`
  await t.rejects(distribute({ url }), { code: '42883' })
  t.same(await sql`SELECT * FROM pg_dist_partition`, [])
  t.equal((await sql`SELECT FROM pg_constraint WHERE conname = 'accounts_email_unique'`).length, 1)
})

t.test('a deadlock with statements of running servers is no failure; too many are', { skip: isOnCitus }, async t => {
  for (const [deadlocks, isDone] of [[2, true], [100, false]] as const) {
    const { url, sql } = await setUp(t, 2)
    await sql.unsafe(`
      ALTER FUNCTION create_reference_table(regclass) RENAME TO really_create_reference_table;
      CREATE SEQUENCE attempts;
      CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('attempts') <= ${deadlocks} THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;
        PERFORM really_create_reference_table(name);
      END $$`)
    const outcome = distribute({ url })
    if (isDone) t.ok((await outcome).length > 5)
    else await t.rejects(outcome, { code: '40P01' })
  }
})
