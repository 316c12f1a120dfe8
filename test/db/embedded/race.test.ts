import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { runStatement, opened } from '../../support/embedded.js'
import { nodeArgs } from '../../support/loader/loader.js'
import type { Order } from '../../support/embedded-opener.js'
import { embeddedFolder } from '../../support/test-database.js'

const openers = 3
const rounds = 10
/** Above the highest process id of any system. */
const nobody = 4_194_305

/** Starts a process that opens databases on order. */
async function startOpener (t: Test): Promise<(order: Order) => Promise<unknown>> {
  const child = fork(fileURLToPath(new URL('../../support/embedded-opener.ts', import.meta.url)), {
    execArgv: nodeArgs, env: { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'message')
  return async order => {
    const reply = once(child, 'message') as Promise<[{ answer: unknown }]>
    child.send(order)
    const [{ answer }] = await reply
    return answer
  }
}

t.test('of several processes that find the lock of one that was killed, one opens the files, all share it', async t => {
  const dataDir = await embeddedFolder(t)
  const database = await opened(t, dataDir)
  await runStatement(database, 'CREATE TABLE openers (id integer GENERATED ALWAYS AS IDENTITY)')
  await database.close()

  const order = await Promise.all(Array.from({ length: openers }, () => startOpener(t)))
  const all = (what: Order) => Promise.all(order.map(one => one(what)))
  for (let round = 1; round <= rounds; round += 1) {
    await writeFile(join(dataDir, 'lock'), String(nobody))
    t.same(await all({ open: dataDir, at: Date.now() + 20 }), order.map(() => true), `round ${round}: all have it open`)
    const shared = t.same(await all('count'), order.map(() => openers * round), `round ${round}: each sees all rows`)
    await all('close')
    if (!shared) return
  }
})
