// Sign up, create tasks, list them page by page, complete one, rename it and delete it.
import assert from 'node:assert/strict'
import { Api } from '../../generated/swagger-typescript-api/tasks.js'

const [baseUrl = 'http://localhost:8000', email = '', password = ''] = process.argv.slice(2)
const client = new Api<string>({
  baseUrl,
  // Asked for each request that the document says needs a token.
  securityWorker: cookie => cookie === null ? {} : { headers: { cookie } }
})
const { auth, tasks } = client

const account = await auth.tasksSignup({ email, password })
if (!account.ok) throw new Error(`no account: ${JSON.stringify(account.error.detail)}`)

// A browser keeps the cookie by itself; any other program sends it back.
client.setSecurityData(account.headers.getSetCookie().map(each => each.split(';', 1)[0]).join('; '))

for (const title of ['Buy groceries', 'Call mother']) {
  const created = await tasks.createTask({ title })
  if (!created.ok) throw new Error(`no task: ${JSON.stringify(created.error.detail)}`)
  assert.equal(created.data.user_id, account.data.id)
  assert.equal(created.data.completed, false)
}

const all = await tasks.listTasks()
const [first, second] = all.data
assert.deepEqual([first?.title, second?.title], ['Buy groceries', 'Call mother'])

const page = await tasks.listTasks({ limit: 1 })
assert.deepEqual(page.data, [first])
assert.match(page.headers.get('link') ?? '', /rel="next"/)

const id = first?.id ?? ''
const toggled = await tasks.toggleTask(id)
assert.equal(toggled.data.completed, true)

const renamed = await tasks.updateTask(id, { title: 'Buy bread' })
assert.deepEqual(renamed.data, { ...first, title: 'Buy bread', completed: true })

const deleted = await tasks.deleteTask(id)
assert.equal(deleted.status, 204)

const gone = await tasks.toggleTask(id)
assert.equal(gone.status, 404)
assert.equal(gone.error.detail, 'Task not found')

const signedOut = await auth.tasksLogout()
assert.equal(signedOut.data.message, 'Logged out successfully')
