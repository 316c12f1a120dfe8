// Sign up, create tasks, list them page by page, complete one, rename it and delete it.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { paths } from '../../generated/openapi-typescript/tasks.js'

const [baseUrl = 'http://localhost:8000', email = '', password = ''] = process.argv.slice(2)
const keyturn = createClient<paths>({ baseUrl })

const account = await keyturn.POST('/auth/signup', { body: { email, password } })
if (account.error !== undefined) throw new Error(`no account: ${JSON.stringify(account.error.detail)}`)

// A browser keeps the cookie by itself; any other program sends it back.
const cookie = account.response.headers.getSetCookie().map(each => each.split(';', 1)[0]).join('; ')
keyturn.use({
  onRequest ({ request }) {
    request.headers.set('cookie', cookie)
    return request
  }
})

for (const title of ['Buy groceries', 'Call mother']) {
  const created = await keyturn.POST('/tasks', { body: { title } })
  if (created.error !== undefined) throw new Error(`no task: ${JSON.stringify(created.error.detail)}`)
  assert.equal(created.data.user_id, account.data.id)
  assert.equal(created.data.completed, false)
}

const all = await keyturn.GET('/tasks')
const [first, second] = all.data ?? []
assert.deepEqual([first?.title, second?.title], ['Buy groceries', 'Call mother'])

const page = await keyturn.GET('/tasks', { params: { query: { limit: 1 } } })
assert.deepEqual(page.data, [first])
assert.match(page.response.headers.get('link') ?? '', /rel="next"/)

const path = { task_id: first?.id ?? '' }
const toggled = await keyturn.PATCH('/tasks/{task_id}/toggle', { params: { path } })
assert.equal(toggled.data?.completed, true)

const renamed = await keyturn.PUT('/tasks/{task_id}', { params: { path }, body: { title: 'Buy bread' } })
assert.deepEqual(renamed.data, { ...first, title: 'Buy bread', completed: true })

const deleted = await keyturn.DELETE('/tasks/{task_id}', { params: { path } })
assert.equal(deleted.response.status, 204)

const gone = await keyturn.PATCH('/tasks/{task_id}/toggle', { params: { path } })
assert.equal(gone.response.status, 404)
assert.equal(gone.error?.detail, 'Task not found')

const signedOut = await keyturn.POST('/auth/logout')
assert.equal(signedOut.data?.message, 'Logged out successfully')
