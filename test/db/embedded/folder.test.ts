import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openEmbedded } from '../../../src/db/embedded/embedded.js'
import { loadOrCreateSecret } from '../../../src/config/secret-file.js'
import { runStatement, opened } from '../../support/embedded.js'
import { embeddedFolder } from '../../support/test-database.js'

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

t.test('folder, lock and secret are for their owner alone', async t => {
  const dataDir = await embeddedFolder(t)
  await opened(t, dataDir)
  await loadOrCreateSecret(dataDir)
  t.equal(await mode(dataDir), '700')
  t.equal(await mode(join(dataDir, 'lock')), '600')
  t.equal(await mode(join(dataDir, 'secret')), '600')
  t.same((await readdir(dataDir)).toSorted(), ['.s.PGSQL.5432', 'lock', 'pg', 'secret'])
})

t.test('a folder that was open to others is closed to them', async t => {
  const dataDir = await embeddedFolder(t)
  await chmod(dataDir, 0o755)
  await opened(t, dataDir)
  t.equal(await mode(dataDir), '700')
})

t.test('a path with no room for the socket is a clear error, and nothing is opened', async t => {
  const dataDir = join(await embeddedFolder(t, { migrated: false }), 'made', 'd'.repeat(100))
  const message = /^DATA_DIR is too long a path for the socket in it .*; choose a shorter one$/
  await t.rejects(openEmbedded(dataDir), { message })
  t.same(await readdir(dataDir), [])
  t.equal(await mode(dataDir), '700', 'the folder made on the way is for its owner alone')
  t.equal(await mode(join(dataDir, '..')), '700', 'as are those above it')
})

t.test('a long path is shortened where it is near the working folder', async t => {
  const near = join(await embeddedFolder(t, { migrated: false }), 'd'.repeat(100))
  await rename(await embeddedFolder(t), near)
  const before = process.cwd()
  process.chdir(near)
  t.teardown(() => process.chdir(before))
  const here = await openEmbedded(near)
  t.equal(await runStatement(here, 'SELECT 1').catch((error: unknown) => error), 1, 'the working folder itself')
  await here.close()

  await rename(await embeddedFolder(t), join(near, 'data'))
  const below = await openEmbedded(join(near, 'data'))
  t.equal(await runStatement(below, 'SELECT 1').catch((error: unknown) => error), 1, 'a folder in it')
  await below.close()
})

t.test('files that are no database are an error, and the lock is given back', async t => {
  const dataDir = await embeddedFolder(t)
  const pg = join(dataDir, 'pg')
  await rename(pg, `${pg}.kept`)
  await writeFile(pg, 'no folder')
  await t.rejects(openEmbedded(dataDir))
  t.notOk(existsSync(join(dataDir, 'lock')))

  await rm(pg)
  await rename(`${pg}.kept`, pg)
  t.equal(await runStatement(await opened(t, dataDir), 'SELECT 1'), 1)
})

t.test('who was killed while taking over a lock does not keep others out for long', async t => {
  const dataDir = await embeddedFolder(t)
  const child = spawn(process.execPath, ['--version'], { env: {}, stdio: 'ignore' })
  await once(child, 'exit')
  for (const name of ['lock', 'lock.takeover']) await writeFile(join(dataDir, name), String(child.pid))
  const secondsAgo = Date.now() / 1000 - 7
  await utimes(join(dataDir, 'lock.takeover'), secondsAgo, secondsAgo)
  await opened(t, dataDir)
  t.same(await readFile(join(dataDir, 'lock'), 'utf8'), String(process.pid))
})

t.test('a file system without hard links is not taken for a folder in use', async t => {
  const link = () => Promise.reject(Object.assign(new Error('operation not permitted, link'), { code: 'EPERM' }))
  const { createLock } = await t.mockImport<typeof import('../../../src/db/embedded/lock.js')>(
    '../../../src/db/embedded/lock.js', { 'node:fs/promises': t.createMock(fs, { link }) })
  const lock = createLock({ path: join(await embeddedFolder(t), 'lock'), isServed: () => Promise.resolve(false) })
  await t.rejects(lock.take(), { code: 'EPERM' })
})
