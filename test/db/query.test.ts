import { randomUUID } from 'node:crypto'
import t from 'tap'
import { eq, expression } from '../../src/db/query.js'
import { clients } from '../../src/db/partner-schema.js'
import { accounts } from '../../src/db/schema.js'
import type { ClientPermission } from '../../src/db/stored-values.js'
import { openDatabase } from '../../src/db/database.js'
import { unavailable } from '../../src/core/errors.js'
import { postgresDatabase } from '../support/test-database.js'

const database = openDatabase({
  target: { url: await postgresDatabase(t) }, poolMax: 1, toUnavailable: unavailable
})
const { sql, query } = database
t.teardown(() => database.close())

const newAccount = () => ({ id: randomUUID(), email: `${randomUUID()}@example.com`, passwordHash: 'x' })

t.test('a row has the names and types of the schema', async t => {
  const account = newAccount()
  const [row] = await query.insert(accounts).values(account).returning()
  t.match(row, { ...account, username: null, epoch: 0, createdAt: Date, disabledAt: null })
  t.equal(typeof row?.number, 'number', 'also a bigint')
})

t.test('a list is read as an array, by the builder and by hand', async t => {
  const id = randomUUID()
  const grants = 'refresh_token client_credentials'
  await query.insert(clients).values({ id, name: 'x', grants, audience: 'x', scope: 'a:b c,d' })
  const [built] = await query.select().from(clients).where(eq(clients.id, id))
  const [written] = await sql`SELECT grant_types, scopes FROM clients WHERE id = ${id}`
  const lists = { grantTypes: ['refresh_token', 'client_credentials'], scopes: ['a:b', 'c,d'] }
  t.match(built, lists)
  const permissions: ClientPermission[] = ['events', 'revoke']
  await query.update(clients).set({ permissions }).where(eq(clients.id, id))
  t.same(await sql`SELECT permissions FROM clients WHERE id = ${id}`, [{ permissions }], 'and written as one')
  t.same(written, lists)
  const { scopes } = lists
  const sent = await sql`SELECT scope FROM unnest(${scopes}::text[]) AS scope`
  t.same(sent, scopes.map(scope => ({ scope })), 'and sent as one')
  t.same(await sql`SELECT ${[3, 1]}::int[] AS numbers`, [{ numbers: [3, 1] }], 'of numbers too')
})

t.test('a statement is prepared once, however often it is built', async t => {
  const find = () => query.select({ id: accounts.id }).from(accounts).where(eq(accounts.email, 'somebody@example.com'))
  for (let n = 0; n < 5; n += 1) await find()
  t.same(await sql`
    SELECT count(*)::int FROM pg_prepared_statements
    WHERE statement LIKE 'select "id" from "accounts"%'`, [{ count: 1 }])
})

t.test('a statement that was prepared without a value for a placeholder fails by its own error', async t => {
  const prepared = query.select().from(accounts).where(eq(accounts.email, expression.placeholder('email'))).prepare('x')
  await t.rejects(prepared.execute({}), { message: /placeholder "email"/ })
})
