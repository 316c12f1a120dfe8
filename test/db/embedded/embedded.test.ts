import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openBackend } from '../../../src/backend.js'
import { openEmbedded } from '../../../src/db/embedded/embedded.js'
import { buildSettings, testLog } from '../../support/build.js'
import { runStatement, opened } from '../../support/embedded.js'
import { embeddedFolder } from '../../support/test-database.js'
import { until } from '../../support/until.js'

/** A process that lives until the test ends and does nothing. */
function bystander (t: Test): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env: {}, stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  return child.pid ?? 0
}

/** The id of a process that has ended. */
async function departed (): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { env: {}, stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

t.test('two that open one folder share one database, and it keeps its data', async t => {
  const dataDir = await embeddedFolder(t)
  const first = await opened(t, dataDir)
  const second = await opened(t, dataDir)
  await runStatement(first, 'CREATE TABLE notes (text text)')
  await runStatement(second, "INSERT INTO notes VALUES ('kept')")
  t.equal(await runStatement(first, 'SELECT text FROM notes'), 'kept')

  await second.close()
  t.equal(await runStatement(first, 'SELECT text FROM notes'), 'kept', 'one that only joined takes nothing away')
  await first.close()
  t.same(await readdir(dataDir), ['pg'], 'neither lock nor socket stays behind')
  t.equal(await runStatement(await opened(t, dataDir), 'SELECT text FROM notes'), 'kept')
})

t.test('a server waits for a command line that has it open, says so, and then does not depend on it', async t => {
  const settings = await buildSettings(t, { database: 'embedded' })
  const { lines, log } = testLog()
  const commandLine = await openBackend({ settings, log: testLog().log, now: Date.now })
  const opening = openBackend({ settings, serves: true, log, now: Date.now })
  await commandLine.prepare()
  await until('it says that it waits', () => lines.length > 1)
  await commandLine.close()
  const server = await opening
  t.teardown(() => server.close())
  await server.prepare()
  t.ok(await server.core.lifecycle.isReady())
  const said = JSON.parse(lines[1] ?? '') as object
  t.match(said, { level: 40, holder: process.pid, dataDir: settings.database.dataDir, msg: /choose another DATA_DIR$/ })
})

t.test('a lock of a process that is gone, or without an owner, is taken over', async t => {
  // A container's new process may have the very id of the one before.
  for (const owner of [await departed(), process.pid, '']) {
    const dataDir = await embeddedFolder(t)
    await writeFile(join(dataDir, 'lock'), String(owner))
    const socket = createServer().listen(join(dataDir, '.s.PGSQL.5432'))
    await once(socket, 'listening')
    await new Promise(resolve => socket.close(resolve))
    const database = await opened(t, dataDir)
    t.equal(await runStatement(database, 'SELECT 1'), 1, `owner "${owner}"`)
    t.equal(await readFile(join(dataDir, 'lock'), 'utf8'), String(process.pid))
    await database.close()
  }
})

t.test('a lock whose owner is still starting is waited for', async t => {
  const dataDir = await embeddedFolder(t)
  await writeFile(join(dataDir, 'lock'), String(bystander(t)))
  const opening = openEmbedded(dataDir)
  const server = createServer().listen(join(dataDir, '.s.PGSQL.5432'))
  t.teardown(() => server.close())
  t.match(await opening, { socketFolder: String })
  t.notOk(existsSync(join(dataDir, `lock.${process.pid}`)))
})

t.test('names the process that holds the lock: at once, and in the error when it does not end', async t => {
  const dataDir = await embeddedFolder(t)
  const holder = bystander(t)
  await writeFile(join(dataDir, 'lock'), String(holder))
  const now = Date.now
  const start = now()
  // A thousand times as fast.
  Date.now = () => start + (now() - start) * 1000
  t.teardown(() => { Date.now = now })
  const message = new RegExp(`^process ${holder} has the embedded database in ${dataDir} open; .* the file "lock"`)
  const waits: unknown[] = []
  await t.rejects(openEmbedded(dataDir, { onWait: (...wait) => waits.push(wait) }), { message })
  t.same(waits, [[holder, 15]], 'once')
  t.ok(existsSync(join(dataDir, 'lock')), 'it is left to its owner')
})
