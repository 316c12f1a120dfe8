import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { createTasks } from '../../../src/core/tasks/tasks.js'
import { openQuery } from '../../../src/db/query.js'
import { createRequester } from '../../support/requester.js'
import { openSql } from '../../support/open-sql.js'
import { build, databases } from '../../support/build.js'
import { taskOwner, type Task, type TaskOwner } from '../../support/task-owner.js'
import { isOnCitus } from '../../support/test-database.js'

/* "GET /tasks" with many tasks, and page by page, which the specification of contract `tasks` does not have. */

const nextPage = /^<\/tasks(\?limit=(\d+)&cursor=\d+_[0-9a-f-]{36})>; rel="next"$/

/** All pages from one on, as a client reads them that follows `Link`; `between` runs after each but the last. */
async function pages (
  t: Test, owner: TaskOwner, query: string, between = (): Promise<unknown> => Promise.resolve()
): Promise<Task[][]> {
  const reply = await owner.request(t, 'GET /tasks', { query })
  t.equal(reply.status, 200)
  const link = reply.headers.get('link')
  if (link === null) return [reply.body]
  await between()
  const [, next = '', limit] = nextPage.exec(link) ?? []
  t.match(query, `limit=${limit}`)
  return [reply.body, ...await pages(t, owner, next, between)]
}

const titles = (tasks: Task[]) => tasks.map(({ title }) => title)
const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

for (const database of databases) {
  t.test(`lists on ${database}`, async t => {
    const server = await build(t, { database })
    const sql = openSql(t, server.settings)
    const request = createRequester(server.tasks, 'tasks')

    /** Somebody with tasks 1 to `count`, made in that order. */
    async function ownerOf (count: number): Promise<TaskOwner> {
      const owner = await taskOwner(server.tasks, request)
      await sql`
        INSERT INTO tasks (account_id, id, title, created_at)
        SELECT ${owner.userId}, gen_random_uuid(), number, now() - make_interval(secs => ${count} - number)
        FROM generate_series(1, ${count}) AS number`
      return owner
    }

    await t.test('the order is that of creation and stays so whatever is done to the tasks', async t => {
      const owner = await taskOwner(server.tasks, request)
      const tasks = []
      for (const title of ['m', 'z', 'a', 'k']) tasks.push(await owner.add(title))
      const [m, z, a] = tasks.map(({ id }) => ({ path: { task_id: id } }))
      await owner.request(t, 'PUT /tasks/{task_id}', { ...m, json: { title: 'x', completed: true } })
      await owner.request(t, 'PATCH /tasks/{task_id}/toggle', { ...a })
      t.same(titles(await owner.list()), ['x', 'z', 'a', 'k'])
      await owner.request(t, 'DELETE /tasks/{task_id}', { ...z })
      await owner.add('b')
      t.same(titles(await owner.list()), ['x', 'a', 'k', 'b'])
    })

    await t.test('limit and Link lead through all tasks, in order, each once', async t => {
      const owner = await ownerOf(25)
      for (const [limit, sizes] of [[10, [10, 10, 5]], [24, [24, 1]], [26, [25]], [1000, [25]]] as const) {
        const found = await pages(t, owner, `?limit=${limit}`)
        t.same(found.map(({ length }) => length), sizes)
        t.same(titles(found.flat()), numbered(1, 25))
      }
      for (const limit of [1, 5, 25]) {
        const found = await pages(t, owner, `?limit=${limit}`)
        t.same(titles(found.flat()), numbered(1, 25), 'a full page may be the last')
      }
    })

    await t.test('pages are stable while tasks are added and deleted', async t => {
      const owner = await ownerOf(12)
      let added = 12
      const growing = await pages(t, owner, '?limit=5', async () => {
        if (added < 18) await owner.add(String(++added))
      })
      t.same(titles(growing.flat()), numbered(1, added), 'what is added comes at the end')

      const all = await owner.list()
      const shrinking = await pages(t, owner, '?limit=3', async () => {
        const seen = all.splice(0, 3)
        for (const { id } of seen) await owner.request(t, 'DELETE /tasks/{task_id}', { path: { task_id: id } })
      })
      t.same(titles(shrinking.flat()), numbered(1, added), 'a page begins where it should when the one before is gone')
      t.same(titles(await owner.list()), titles(all), 'what was on the last page')
    })

    await t.test('tasks of one microsecond, and of one millisecond, are distinguished', async t => {
      const owner = await taskOwner(server.tasks, request)
      for (const at of ['.123456', '.123456', '.123456', '.123457', '.123999', '.124000']) {
        await sql`
          INSERT INTO tasks (account_id, id, title, created_at)
          VALUES (${owner.userId}, ${randomUUID()}, ${at}, ${`2026-01-12T10:30:00${at}Z`}::text::timestamptz)`
      }
      const all = await owner.list()
      t.same(titles(all), ['.123456', '.123456', '.123456', '.123457', '.123999', '.124000'])
      for (const limit of [1, 2, 4]) t.same((await pages(t, owner, `?limit=${limit}`)).flat(), all)
    })

    await t.test('without limit there is all and no Link, with a cursor all after it', async t => {
      const owner = await ownerOf(5)
      const reply = await owner.request(t, 'GET /tasks')
      t.equal(reply.headers.get('link'), null)
      t.same(titles(reply.body), numbered(1, 5))
      const link = (await owner.request(t, 'GET /tasks', { query: '?limit=2' })).headers.get('link') ?? ''
      const [cursor = ''] = /cursor=[^>]+/.exec(link) ?? []
      t.same(titles((await owner.request(t, 'GET /tasks', { query: `?${cursor}` })).body), numbered(3, 5))
      const unknown = await owner.request(t, 'GET /tasks', { query: '?sort=title&page=2&__proto__=x' })
      t.same(titles(unknown.body), numbered(1, 5))
    })

    await t.test('another account\'s cursor shows none of its tasks', async t => {
      const [jan, eve] = [await ownerOf(5), await ownerOf(3)]
      const link = (await jan.request(t, 'GET /tasks', { query: '?limit=1' })).headers.get('link') ?? ''
      const [, query = ''] = nextPage.exec(link) ?? []
      const { status, body } = await eve.request(t, 'GET /tasks', { query })
      t.equal(status, 200)
      for (const task of body) t.equal(task.user_id, eve.userId)
    })

    await t.test('a limit is a number from 1 to 1000, a cursor one that was given', async t => {
      const owner = await ownerOf(2)
      const id = randomUUID()
      for (const query of [
        'limit=0', 'limit=-1', 'limit=1001', 'limit=', 'limit=x', 'limit=1.5', 'limit=1e2', 'limit=%201', 'limit=01',
        'limit=1&limit=2', 'limit=Infinity', 'limit=9007199254740993', 'cursor=', 'cursor=x', `cursor=${id}`,
        `cursor=_${id}`, `cursor=-1_${id}`, `cursor=12345678901234567_${id}`, `cursor=1_${id}x`, `cursor=1_${id}%00`,
        "cursor=1_'", `cursor=1_${id}&cursor=1_${id}`, 'cursor=%ff'
      ]) {
        const reply = await owner.request(t, 'GET /tasks', { query: `?${query}` })
        t.equal(reply.status, 422, query)
        t.same((reply.body.detail as Array<{ loc: string[] }>).map(({ loc }) => loc), [['query', query.split('=')[0]]])
      }
      for (const query of [`cursor=0_${id}`, `cursor=9999999999999999_${id}`, `limit=1000&cursor=1_${id}`]) {
        t.equal((await owner.request(t, 'GET /tasks', { query: `?${query}` })).status, 200, query)
      }
    })

    await t.test('without limit a page has 1,000 tasks, and Link leads to the others', async t => {
      const owner = await ownerOf(2_500)
      const first = await owner.request(t, 'GET /tasks')
      t.same(titles(first.body), numbered(1, 1_000))
      const [, next = ''] = nextPage.exec(first.headers.get('link') ?? '') ?? []
      t.same(titles((await pages(t, owner, next)).flat()), numbered(1_001, 2_500))
    })

    await t.test('an account has 10,000 tasks at most, and can add one when another is deleted', async t => {
      const owner = await ownerOf(9_999)
      const add = () => owner.request(t, 'POST /tasks', { json: { title: 'one more' } })
      t.equal((await add()).status, 201)
      const refused = await add()
      t.equal(refused.status, 403)
      t.same(refused.body, { detail: 'The account has as many tasks as it can have; delete some first' })
      const [task] = await owner.list()
      await owner.request(t, 'DELETE /tasks/{task_id}', { path: { task_id: task?.id ?? '' } })
      t.equal((await add()).status, 201)
      await (await taskOwner(server.tasks, request)).add('somebody else\'s')
    })
  })
}

t.test('a page of the list is one index scan, of the rows of its account', { skip: isOnCitus }, async t => {
  const server = await build(t)
  const statements: Array<{ text: string, parameters: unknown[] }> = []
  const sql = postgres(server.settings.database.url ?? '', {
    max: 1,
    fetch_types: false,
    onnotice: () => {},
    // As is usual where tables are not on spinning disks; with the default of 4 a planner may prefer to sort.
    connection: { random_page_cost: '1.1' },
    debug: (_connection, text, parameters) => { statements.push({ text, parameters }) }
  })
  t.teardown(() => sql.end({ timeout: 1 }))
  const { userId } = await taskOwner(server.tasks, createRequester(server.tasks, 'tasks'))
  await sql`
    INSERT INTO accounts (id, email, password_hash)
    SELECT gen_random_uuid(), number || '@example.com', 'x' FROM generate_series(1, 400) AS number`
  // As in life: everybody's tasks are made in turn, not account by account.
  await sql`
    INSERT INTO tasks (account_id, id, title, created_at)
    SELECT accounts.id, gen_random_uuid(), 'Buy groceries', now()
    FROM generate_series(1, 100), accounts WHERE accounts.id <> ${userId}`
  await sql`
    INSERT INTO tasks (account_id, id, title, created_at)
    SELECT ${userId}, gen_random_uuid(), 'Buy milk', now() FROM generate_series(1, 10000)`
  await sql`ANALYZE tasks`

  const tasks = createTasks({ db: { sql, query: openQuery(sql) }, maxPerAccount: 10_000 })
  const cursor = (await tasks.list(userId, 1000, null)).next
  statements.splice(0)
  for (const [limit, from] of [[10, null], [1000, null], [1000, cursor]] as const) {
    await tasks.list(userId, limit, from)
    const { text = '', parameters = [] } = statements.pop() ?? {}
    const [row] = await sql.unsafe<Array<{ 'QUERY PLAN': Array<{ Plan: Plan }> }>>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, parameters as never[])
    const nodes = nodesOf(row?.['QUERY PLAN'][0]?.Plan)
    const scans = nodes.filter(node => node['Node Type'] !== 'Limit' && node['Node Type'] !== 'Result')
    t.same(scans.map(node => [node['Node Type'], node['Index Name']]), [['Index Scan', 'tasks_in_order']],
      `limit ${limit}, ${from === null ? 'from the start' : 'from a cursor'}`)
    t.equal(scans[0]?.['Actual Rows'], limit)
    t.notOk(scans[0]?.['Rows Removed by Filter'], 'no row is read in vain')
  }
})

interface Plan {
  'Node Type': string
  'Index Name'?: string
  'Actual Rows': number
  'Rows Removed by Filter'?: number
  Plans?: Plan[]
}

function nodesOf (plan: Plan | undefined): Plan[] {
  return plan === undefined ? [] : [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}
