import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { loadSettings } from '../../src/config/settings.js'
import { contractNames } from '../../src/contracts/index.js'
import { noBrowser, openPage } from '../support/browser.js'
import { build, databases, type DatabaseKind } from '../support/build.js'

/*
 * What the contracts' specifications show, run as they show it. They name the ports of the default LISTEN; these are
 * replaced by those of the test's own server, so that the tests may run beside one that is at work.
 */

const run = promisify(execFile)

const noCurl = (() => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'no curl; apt-get install curl'
  }
})()

const signupCreateLogout = [
  `curl -X POST http://localhost:8000/auth/signup \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "alice@example.com",
    "password": "password123"
  }' \\
  -c cookies.txt`,
  `curl -X POST http://localhost:8000/tasks \\
  -H "Content-Type: application/json" \\
  -d '{"title": "Buy milk"}' \\
  -b cookies.txt`,
  `curl -X GET http://localhost:8000/tasks \\
  -b cookies.txt`,
  `curl -X POST http://localhost:8000/auth/logout \\
  -b cookies.txt`
]

const loginGetTasks = [
  `curl -X POST http://localhost:8000/auth/login \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "alice@example.com",
    "password": "password123"
  }' \\
  -c cookies.txt`,
  `curl -X GET http://localhost:8000/tasks \\
  -b cookies.txt`
]

/** With the client that the specification imports: the same origin, so the cookie goes along. */
const apiClient = `(async () => {
  const [email, password, title] = ['user@example.com', 'password123', 'Buy milk']
  const apiFetch = (path, init) => fetch(path, { headers: { 'Content-Type': 'application/json' }, ...init })

  const user = await apiFetch('/auth/signup', {
    method: 'POST',
    body: JSON.stringify({ email, password }),
  }).then(r => r.json())

  const tasks = await apiFetch('/tasks').then(r => r.json())

  const newTask = await apiFetch('/tasks', {
    method: 'POST',
    body: JSON.stringify({ title }),
  }).then(r => r.json())

  return { user, tasks, newTask }
})()`

const tokenRequest = `(async () => {
  const response = await fetch('/api/auth/token', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({
      email: 'user@example.com',
      password: 'password123'
    }),
  });

  if (!response.ok) {
    const error = await response.json();
    throw new Error(error.detail);
  }

  const data = await response.json();
  localStorage.setItem('auth_token', data.access_token);
  return localStorage.getItem('auth_token');
})()`

/** A server with the listeners of the default LISTEN, each at a free port: turns an address of the specification's. */
async function buildDefault (t: Test, database: DatabaseKind): Promise<(text: string) => string> {
  const { listen } = loadSettings({}, contractNames)
  const { addresses } = await build(t, {
    database, settings: { listen: listen.map(({ host, contracts }) => ({ host, port: 0, contracts })) }
  })
  const ports = new Map(listen.map(({ port }, index) => [String(port), new URL(addresses[index] ?? '').port]))
  return text => text.replace(/(?<=http:\/\/localhost:)\d+/g, port => ports.get(port) ?? `no listener at ${port}`)
}

for (const database of databases) {
  t.test(`the curl commands of the tasks workflows, on ${database}`, { skip: noCurl }, async t => {
    const here = await buildDefault(t, database)
    const cwd = await mkdtemp(join(tmpdir(), 'keyturn-curl-'))
    t.teardown(() => rm(cwd, { recursive: true, force: true }))
    const replies = async (commands: string[]) => {
      const replies = []
      for (const command of commands) {
        const { stdout } = await run('bash', ['-c', `${here(command)} -s -w '\\n%{http_code}'`], { cwd })
        const [body = '', status] = stdout.split('\n')
        replies.push([Number(status), JSON.parse(body) as unknown])
      }
      return replies
    }
    t.match(await replies(signupCreateLogout), [
      [201, { email: 'alice@example.com' }],
      [201, { title: 'Buy milk', completed: false }],
      [200, [{ title: 'Buy milk' }]],
      [200, {}]
    ])
    t.match(await replies(loginGetTasks), [[200, { email: 'alice@example.com' }], [200, [{ title: 'Buy milk' }]]])
  })

  t.test(`the fetch examples of tasks and spa, on ${database}`, { skip: noBrowser }, async t => {
    const here = await buildDefault(t, database)
    const page = await openPage(t)

    await page.goto(here('http://localhost:8000/docs'))
    const { user, tasks, newTask } = await page.evaluate<{ user: object, tasks: object[], newTask: object }>(apiClient)
    t.match(user, { email: 'user@example.com' })
    t.same(tasks, [])
    t.match(newTask, { title: 'Buy milk' })

    await page.goto(here('http://localhost:3000/docs'))
    const token = await page.evaluate<string>(tokenRequest)
    t.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/, 'an account made at tasks signs in at spa')
    await t.rejects(page.evaluate(tokenRequest.replace('password123', 'password124')), /Invalid email or password/)
  })
}
