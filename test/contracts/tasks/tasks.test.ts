import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createRequester, sendRequest, expectReply } from '../../support/requester.js'
import { build, databases } from '../../support/build.js'
import { taskOwner } from '../../support/task-owner.js'

/* Contract `tasks`, "Task Endpoints" of its specification. For refusals and long lists see the files beside. */

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const wholeSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const one = 'PUT /tasks/{task_id}'
const removal = 'DELETE /tasks/{task_id}'
const toggling = 'PATCH /tasks/{task_id}/toggle'

for (const database of databases) {
  t.test(`tasks on ${database}`, async t => {
    const server = await build(t, { database })
    const request = createRequester(server.tasks, 'tasks')
    const owner = () => taskOwner(server.tasks, request)

    await t.test('a task is made with 201, not completed, of who asked, made now', async t => {
      const jan = await owner()
      const reply = await jan.request(t, 'POST /tasks', { json: { title: 'Buy groceries' } })
      const { id, created_at: created } = reply.body
      expectReply(t, reply, 201,
        { id, title: 'Buy groceries', completed: false, user_id: jan.userId, created_at: created })
      t.match(id, uuid)
      t.match(created, wholeSeconds)
      t.ok(Math.abs(Date.parse(created) - Date.now()) < 60_000)
      t.equal(reply.headers.get('location'), null)
    })

    await t.test('tasks are made, listed, changed and deleted by cookie as well', async t => {
      const cookie = `auth_token=${(await owner()).token}`
      const { body: task } = await request(t, 'POST /tasks', { cookie, json: { title: 'Buy milk' } })
      expectReply(t, await request(t, 'GET /tasks', { cookie }), 200, [task])
      const path = { task_id: task.id }
      t.equal((await request(t, one, { cookie, path, json: { completed: true } })).status, 200)
      t.equal((await request(t, toggling, { cookie, path })).status, 200)
      t.equal((await request(t, removal, { cookie, path })).status, 204)
    })

    await t.test('the list is all tasks of who asks and no other, in order of creation', async t => {
      const [jan, eve] = [await owner(), await owner()]
      expectReply(t, await jan.request(t, 'GET /tasks'), 200, [])
      const first = await jan.add('Buy groceries')
      await eve.add('Rob a bank')
      const second = await jan.add('Complete project')
      const { body: changed } = await jan.request(t, one, { path: { task_id: first.id }, json: { completed: true } })
      expectReply(t, await jan.request(t, 'GET /tasks'), 200, [{ ...first, completed: true }, second])
      t.same(changed, { ...first, completed: true })
      t.equal((await eve.list()).length, 1)
    })

    await t.test('PUT changes title, completed or both, and leaves the rest as it is', async t => {
      const jan = await owner()
      const task = await jan.add('Buy groceries')
      const path = { task_id: task.id }
      let expected = task
      for (const json of [
        { title: 'Updated title' }, { completed: true }, { title: 'Another', completed: false }, { completed: false },
        { title: ' trimmed\n', completed: true }
      ]) {
        expected = { ...expected, ...json, ...('title' in json && { title: json.title.trim() }) }
        expectReply(t, await jan.request(t, one, { path, json }), 200, expected)
        t.same(await jan.list(), [expected])
      }
    })

    await t.test('PUT {} changes nothing and is 200, members it does not know are ignored', async t => {
      const jan = await owner()
      const task = await jan.add('Buy groceries')
      const path = { task_id: task.id }
      expectReply(t, await jan.request(t, one, { path, json: {} }), 200, task)
      const json = { id: randomUUID(), user_id: randomUUID(), account_id: 'x', created_at: '1999-01-01T00:00:00Z' }
      expectReply(t, await jan.request(t, one, { path, json }), 200, task)
      const { body: other } = await jan.request(t, 'POST /tasks', {
        json: { ...json, title: 'Other', completed: true }
      })
      t.match(other, { title: 'Other', completed: false, user_id: jan.userId, created_at: /^20/ })
      t.not(other.id, json.id)
      t.same(await jan.list(), [task, other])
    })

    await t.test('DELETE is 204 with an empty body, and the task is gone', async t => {
      const jan = await owner()
      const [kept, task] = [await jan.add('Buy milk'), await jan.add('Buy groceries')]
      const path = { task_id: task.id }
      const reply = await jan.request(t, removal, { path, headers: { 'content-type': 'application/json' } })
      t.equal(reply.status, 204)
      t.equal(reply.text, '')
      t.equal(reply.headers.get('content-length'), null)
      expectReply(t, await jan.request(t, removal, { path }), 404, { detail: 'Task not found' })
      t.same(await jan.list(), [kept])
    })

    await t.test('toggle turns completed on and off, with or without a body or its type', async t => {
      const jan = await owner()
      const task = await jan.add('Buy groceries')
      const path = { task_id: task.id }
      const headers = { 'content-type': 'application/json' }
      expectReply(t, await jan.request(t, toggling, { path }), 200, { ...task, completed: true })
      expectReply(t, await jan.request(t, toggling, { path, headers }), 200, task)
      const reply = await jan.request(t, toggling, { path, json: { completed: false } })
      expectReply(t, reply, 200, { ...task, completed: true })
    })

    await t.test('an even number of concurrent toggles leaves a task as it was', async t => {
      const jan = await owner()
      const task = await jan.add('Buy groceries')
      const toggle = () => sendRequest(server.tasks, toggling, { bearer: jan.token, path: { task_id: task.id } })
      const replies = await Promise.all(Array.from({ length: 20 }, toggle))
      t.same(replies.map(({ status }) => status), Array.from({ length: 20 }, () => 200))
      t.equal(replies.filter(({ body }) => body.completed).length, 10, 'each saw what it did itself')
      t.same(await jan.list(), [task])
      await Promise.all(Array.from({ length: 7 }, toggle))
      t.same(await jan.list(), [{ ...task, completed: true }])
    })

    await t.test('concurrent changes of different members are all kept', async t => {
      const jan = await owner()
      const task = await jan.add('Buy groceries')
      const change = (json: object) =>
        sendRequest(server.tasks, one, { bearer: jan.token, path: { task_id: task.id }, json })
      for (const title of ['one', 'two', 'three']) {
        await Promise.all([change({ title }), change({ completed: true }), change({})])
        t.same(await jan.list(), [{ ...task, title, completed: true }])
        await change({ completed: false })
      }
    })

    await t.test('of concurrent deletions one is 204, all others 404', async t => {
      const jan = await owner()
      const { id } = await jan.add('Buy groceries')
      const remove = () => sendRequest(server.tasks, removal, { bearer: jan.token, path: { task_id: id } })
      const replies = await Promise.all(Array.from({ length: 8 }, remove))
      t.same(replies.map(({ status }) => status).sort(), [204, ...Array.from({ length: 7 }, () => 404)])
    })

    await t.test('a title has 1 to 255 characters after trimming, and is kept as it was typed', async t => {
      const jan = await owner()
      const titles = [
        'x', '7', 'x'.repeat(255), '😀'.repeat(255), 'ü'.repeat(255), 'two\nlines\tand a tab',
        '<script>alert(1)</script>',
        "'; DROP TABLE tasks; --", '\u202eright to left', '__proto__', 'null', '\u0001\u001b[31m', 'a  b', '\\u0000 %00'
      ]
      const ids = []
      for (const title of titles) {
        const { status, body } = await jan.request(t, 'POST /tasks', {
          json: { title: ` \t\n\u00a0\u3000${title}\r\n ` }
        })
        t.equal(status, 201, title.slice(0, 20))
        t.equal(body.title, title)
        ids.push(body.id)
      }
      t.same((await jan.list()).map(({ title }) => title), titles)
      const path = { task_id: ids[0] as string }
      for (const title of titles) t.equal((await jan.request(t, one, { path, json: { title } })).body.title, title)
    })

    await t.test('an id in capital letters is the same id', async t => {
      const jan = await owner()
      const task = await jan.add('Buy groceries')
      expectReply(t, await jan.request(t, toggling, { path: { task_id: task.id.toUpperCase() } }), 200,
        { ...task, completed: true })
    })

    await t.test('two tasks may have one title', async t => {
      const jan = await owner()
      const [first, second] = [await jan.add('Buy milk'), await jan.add('Buy milk')]
      t.not(first.id, second.id)
      t.same(await jan.list(), [first, second])
    })
  })
}
