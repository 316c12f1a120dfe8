import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createRequester, expectReply } from '../../support/requester.js'
import { dump, openSql } from '../../support/open-sql.js'
import { build, databases } from '../../support/build.js'
import { taskOwner } from '../../support/task-owner.js'

/* Contract `tasks`, "Error Responses" of its specification: 403, 404, 422, 500; authentication before validation. */

const forbidden = { detail: 'You do not have permission to access this resource' }
const notFound = { detail: 'Task not found' }
const badToken = { detail: 'Invalid or expired token' }

const make = 'POST /tasks'
const one = 'PUT /tasks/{task_id}'
const removal = 'DELETE /tasks/{task_id}'
const toggling = 'PATCH /tasks/{task_id}/toggle'

/** What can be done with one task. */
const deeds = [
  [one, { title: 'stolen', completed: true }], [one, {}], [removal, undefined], [toggling, undefined]
] as const

const problem = (type: string, loc: string[], msg: string) => ({ detail: [{ type, loc, msg }] })
const badTitle = (type: string, msg: string) => problem(type, ['body', 'title'], msg)
const empty = badTitle('value_error.string.too_short', 'ensure this value has at least 1 characters')
const tooLong = badTitle('value_error.string.too_long', 'ensure this value has at most 255 characters')
const noString = badTitle('type_error.string', 'value is not a valid string')
const unstorable = badTitle('value_error.text', 'value is not a valid text')
const noBoolean = problem('type_error.boolean', ['body', 'completed'], 'value is not a valid boolean')
const noObject = problem('type_error.object', ['body'], 'value is not a valid object')
const noUuid = problem('value_error.uuid', ['path', 'task_id'], 'value is not a valid uuid')

/** Each is wrong for POST and PUT alike. */
const badTitles: Array<readonly [title: unknown, detail: object]> = [
  ['', empty], ['   ', empty], ['\t\r\n\u00a0\u2028\ufeff', empty],
  ['x'.repeat(256), tooLong], ['😀'.repeat(256), tooLong], [` ${'x'.repeat(256)} `, tooLong],
  ['x'.repeat(10_000), tooLong],
  ['a\u0000b', unstorable], ['\ud800', unstorable], ['x\udfff', unstorable],
  [null, noString], [7, noString], [true, noString], [['x'], noString], [{ x: 'x' }, noString]
]

const noIds = [
  '1', 'x', 'null', '550e8400e29b41d4a716446655440000', '550e8400-e29b-41d4-a716-44665544000', '%00',
  '550e8400-e29b-41d4-a716-4466554400000', 'g50e8400-e29b-41d4-a716-446655440000', '%7B550e8400%7D',
  'urn:uuid:550e8400-e29b-41d4-a716-446655440000', '%7B550e8400-e29b-41d4-a716-446655440000%7D',
  '550e8400-e29b-41d4-a716-446655440000%20', '550e8400-e29b-41d4-a716-446655440000%0a', "'%20OR%20'1'='1",
  '550e8400_e29b_41d4_a716_446655440000', '550e8400-e29b-41d4-a716-446655440000%00', '..%2f', '__proto__'
]

for (const database of databases) {
  t.test(`refusals on ${database}`, async t => {
    const server = await build(t, { database })
    const sql = openSql(t, server.settings)
    const request = createRequester(server.tasks, 'tasks')
    const owner = () => taskOwner(server.tasks, request)
    const tasks = () => dump(sql, ['tasks'])

    await t.test('another\'s task is 403 for every change, and stays as it is', async t => {
      const [jan, eve] = [await owner(), await owner()]
      const task = await jan.add('Buy groceries')
      const before = await tasks()
      for (const [route, json] of deeds) {
        expectReply(t, await eve.request(t, route, { path: { task_id: task.id }, json }), 403, forbidden)
      }
      t.equal(await tasks(), before)
    })

    await t.test('no task is 404 for every change, also one already deleted', async t => {
      const jan = await owner()
      const { id } = await jan.add('Buy groceries')
      await jan.request(t, removal, { path: { task_id: id } })
      const before = await tasks()
      for (const gone of [id, randomUUID(), '00000000-0000-0000-0000-000000000000']) {
        for (const [route, json] of deeds) {
          expectReply(t, await jan.request(t, route, { path: { task_id: gone }, json }), 404, notFound)
        }
      }
      t.equal(await tasks(), before)
    })

    await t.test('an empty, long, unstorable or ill-typed title is 422 for POST and PUT', async t => {
      const jan = await owner()
      const path = { task_id: (await jan.add('Buy groceries')).id }
      const before = await tasks()
      for (const [title, detail] of badTitles) {
        expectReply(t, await jan.request(t, make, { json: { title } }), 422, detail)
        expectReply(t, await jan.request(t, one, { path, json: { title } }), 422, detail)
      }
      expectReply(t, await jan.request(t, make, { json: {} }), 422, badTitle('value_error.missing', 'field required'))
      t.equal(await tasks(), before)
    })

    await t.test('completed is true or false and nothing that looks like it', async t => {
      const jan = await owner()
      const path = { task_id: (await jan.add('Buy groceries')).id }
      const before = await tasks()
      for (const completed of [null, 'true', 'false', '', 0, 1, [], {}]) {
        expectReply(t, await jan.request(t, one, { path, json: { completed } }), 422, noBoolean)
      }
      const both = await jan.request(t, one, { path, json: { title: null, completed: null } })
      expectReply(t, both, 422, { detail: [...noString.detail, ...noBoolean.detail] })
      t.equal(await tasks(), before)
    })

    await t.test('a body that is no object is 422, one that is no JSON 400, other types 415', async t => {
      const jan = await owner()
      const path = { task_id: (await jan.add('Buy groceries')).id }
      const before = await tasks()
      for (const route of [make, one]) {
        for (const body of ['null', '[]', '"title"', '7', 'true', '[{"title":"x"}]']) {
          expectReply(t, await jan.request(t, route, { path, body }), 422, noObject)
        }
        expectReply(t, await jan.request(t, route, { path }), 422, noObject)
        expectReply(t, await jan.request(t, route, { path, body: '{"title":' }), 400,
          { detail: 'The request body is not valid JSON' })
        const plain = { body: '{"title":"x"}', headers: { 'content-type': 'text/plain' } }
        expectReply(t, await jan.request(t, route, { path, ...plain }), 415,
          { detail: 'Send the header Content-Type: application/json' })
      }
      t.equal(await tasks(), before)
    })

    await t.test('an id that is no UUID is 422 for every change', async t => {
      const jan = await owner()
      for (const id of noIds) {
        for (const [route, json] of deeds) {
          expectReply(t, await jan.request(t, route, { path: { task_id: id }, json }), 422, noUuid)
        }
      }
    })

    await t.test('who asks is looked at before what is asked', async t => {
      const before = await tasks()
      for (const route of [make, one, removal, toggling, 'POST /auth/logout']) {
        for (const options of [
          {}, { body: '{' }, { json: {} }, { json: { title: '' } }, { body: `"${'x'.repeat(17_000)}"` },
          { body: 'x', headers: { 'content-type': 'text/plain' } }, { path: { task_id: randomUUID() } }
        ]) {
          expectReply(t, await request(t, route, { path: { task_id: 'x' }, ...options }), 401, badToken)
        }
      }
      expectReply(t, await request(t, 'GET /tasks', { query: '?limit=x' }), 401, badToken)
      t.equal(await tasks(), before)
    })

    await t.test('a task for an account that was deleted a moment ago is 401, not 500', async t => {
      const jan = await owner()
      await jan.add('Buy groceries')
      // As by another process, whose notices are not heard here.
      await sql`DELETE FROM accounts WHERE id = ${jan.userId}`
      expectReply(t, await jan.request(t, make, { json: { title: 'Too late' } }), 401, badToken)
    })

    await t.test('an unexpected error is 500 in the contract\'s shape, without internals', async t => {
      const jan = await owner()
      const path = { task_id: (await jan.add('Buy groceries')).id }
      await sql`DROP TABLE tasks`
      for (const [route, json] of [['GET /tasks'], [make, { title: 'x' }], ...deeds] as const) {
        expectReply(t, await jan.request(t, route, { path, json }), 500, { detail: 'Internal server error' })
      }
      t.match(server.log.join(''), /"level":50.*"tasks\\" does not exist/, 'the log tells the operator why')
    })
  })
}
