import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { build } from '../../support/build.js'
import { post } from '../../support/http.js'
import { keyturn } from '../../support/keyturn-process.js'
import { loggedIn, newPerson, registered, type Person } from '../../support/people.js'
import { startServerProcess } from '../../support/server-process.js'
import { embeddedFolder } from '../../support/test-database.js'

const rounds = 2

t.test('the command line is used beside a running server', async t => {
  const { api, settings: { database: { dataDir: DATA_DIR } } } = await build(t, { database: 'embedded' })
  const { email, password } = newPerson()
  const made = await keyturn(['account', 'add', email, '--password-stdin'], { env: { DATA_DIR }, input: password })
  t.match(made, { code: 0, stderr: '' })
  t.match(await post(`${api}/api/auth/login`, { email, password }), { status: 200 })
  t.ok(existsSync(join(DATA_DIR, 'lock')), 'and leaves the database to the server')
})

t.test('without any setting the database is kept in the folder .keyturn', async t => {
  const cwd = await mkdtemp(join(tmpdir(), 'keyturn-cwd-'))
  t.teardown(() => rm(cwd, { recursive: true, force: true }))
  await cp(await embeddedFolder(t), join(cwd, '.keyturn'), { recursive: true })
  t.match(await keyturn(['account', 'list'], { cwd }), { code: 0, stdout: 'none\n', stderr: '' })
})

t.test('a server killed without warning has lost nothing that it acknowledged', async t => {
  const DATA_DIR = await embeddedFolder(t)
  const acknowledged: Person[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const server = await startServerProcess(t, { env: { DATA_DIR } })
    for (const person of acknowledged) t.match(await loggedIn(server.api, person), { token: String })

    // Killed while several are under way, as soon as the first of them is acknowledged.
    const people = Array.from({ length: 5 }, newPerson)
    const registrations = people.map(person => registered(server.api, person).then(() => acknowledged.push(person)))
    await Promise.any(registrations)
    server.kill('SIGKILL')
    await Promise.allSettled([...registrations, server.ended])
    t.equal(await readFile(join(DATA_DIR, 'lock'), 'utf8'), String(server.pid), `round ${round}: the lock stays behind`)
  }

  const { api } = await startServerProcess(t, { env: { DATA_DIR } })
  t.ok(acknowledged.length >= rounds)
  for (const person of acknowledged) t.match(await loggedIn(api, person), { token: String })
})
