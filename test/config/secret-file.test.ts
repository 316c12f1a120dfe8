import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadOrCreateSecret } from '../../src/config/secret-file.js'

async function emptyFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-secret-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function folderWith (t: Test, secret: string, mode = 0o600): Promise<string> {
  const folder = await emptyFolder(t)
  await writeFile(join(folder, 'secret'), secret)
  await chmod(join(folder, 'secret'), mode)
  return folder
}

t.test('the first call makes a secret for its owner alone, and every later one returns it', async t => {
  const folder = await emptyFolder(t)
  const secrets = await Promise.all([loadOrCreateSecret(folder), loadOrCreateSecret(folder)])
  t.equal(Buffer.from(secrets[0], 'base64url').length, 48)
  t.same(secrets, Array(2).fill(await loadOrCreateSecret(folder)), 'also when two make it at once')
  t.equal((await stat(join(folder, 'secret'))).mode & 0o777, 0o600)
  t.same(await readdir(folder), ['secret'])
  t.equal(await readFile(join(folder, 'secret'), 'utf8'), `${secrets[0]}\n`)
})

t.test('a file that a crash or a wrong restore left empty or short is refused as the root of all keys', async t => {
  for (const left of ['', '\n', 'short', ' '.repeat(64), 'a'.repeat(31)]) {
    const folder = await folderWith(t, left)
    await t.rejects(loadOrCreateSecret(folder), {
      name: 'ConfigError', message: /secret holds less than 32 bytes, too few for a secret; restore it from a backup/
    }, JSON.stringify(left))
    t.equal(await readFile(join(folder, 'secret'), 'utf8'), left, 'and is left as it is')
  }
})

t.test('a file that other users may read or write is refused with the command that mends it', async t => {
  for (const mode of [0o644, 0o640, 0o604, 0o620, 0o602]) {
    const folder = await folderWith(t, 'a secret of at least 32 bytes, no less\n', mode)
    const message = /is open to other users; run: chmod 600 /
    await t.rejects(loadOrCreateSecret(folder), { message }, mode.toString(8))
    await chmod(join(folder, 'secret'), 0o600)
    t.equal(await loadOrCreateSecret(folder), 'a secret of at least 32 bytes, no less')
  }
})
