import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { embeddedFolder } from '../support/test-database.js'

/* What `bin/keyturn.cjs` does before it loads the program: the other tests start the sources. */

const executable = fileURLToPath(new URL('../../bin/keyturn.cjs', import.meta.url))
const noThreads = existsSync('/proc/self/task') ? false : 'only Linux shows its threads'

t.test('there are threads to hash and some to spare, and they give way to all else', { skip: noThreads }, async t => {
  // The test runner has a module of its own loaded into all children, which needs a thread before the program does.
  const server = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, executable, 'serve'], {
    env: {
      PATH: process.env.PATH,
      DATA_DIR: await embeddedFolder(t),
      LISTEN: '127.0.0.1:0=ops',
      PASSWORD_HASH_CONCURRENCY: '2'
    }
  })
  t.teardown(async () => {
    server.kill()
    await once(server, 'exit')
  })
  for await (const line of createInterface({ input: server.stdout })) if (line.includes('"msg":"ready"')) break

  const threads = await readdir(`/proc/${server.pid}/task`)
  const niceness = await Promise.all(threads.map(async thread => {
    const stat = await readFile(`/proc/${server.pid}/task/${thread}/stat`, 'utf8')
    // The name in parentheses may hold spaces; niceness is the 19th field.
    return { thread, nice: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]) }
  }))
  t.equal(niceness.filter(({ nice }) => nice === 19).length, 6, 'two to hash, and four to spare')
  t.equal(niceness.find(({ thread }) => thread === String(server.pid))?.nice, getPriority(), 'not the one that serves')
})

t.test('says how to build where nothing is built', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-unbuilt-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'bin'))
  await copyFile(executable, join(folder, 'bin/keyturn.cjs'))
  const child = spawn(process.execPath, [join(folder, 'bin/keyturn.cjs'), 'serve'], { env: {} })
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number]>])
  t.equal(code, 1)
  t.match(stderr, /^keyturn: not built yet: run "npm ci", .*\n$/)
})
