import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createImportJobs, type ImportJobsNeeds } from '../../../src/core/imports/import-jobs.js'
import { AuthError } from '../../../src/core/errors.js'
import { stateOf } from '../../../src/core/imports/index.js'
import { clientInfo } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'
import { until } from '../../support/until.js'

const linesOf = (count: number, mark = randomUUID()) => Array.from({ length: count }, (_, n) =>
  `${JSON.stringify({ email: `${n}-${mark}@example.com` })}\n`).join('')

/** Jobs over the imports of a core; `run` can be held up. */
async function setUp (t: Test, overrides: Partial<ImportJobsNeeds> = {}) {
  const { core: { imports }, sql } = await buildCore(t)
  const errors: unknown[] = []
  const jobs = createImportJobs({ ...imports, onError: error => errors.push(error), ...overrides })
  t.teardown(() => jobs.stop())
  return { imports, jobs, errors, sql }
}

t.test('an import that the end of the server cuts off goes on when the same lines are sent again', async t => {
  const { imports, jobs, errors } = await setUp(t)
  const text = linesOf(4_500)
  const { id } = await jobs.submit({ source: 'x', text }, clientInfo)
  await until('some lines are done', async () => (await imports.find(id)).lines > 0)
  await jobs.stop()
  const cut = await imports.find(id)
  t.ok(cut.lines < 4_500 && cut.finishedAt === null, `after ${cut.lines} lines`)
  t.match(errors, [/send the same lines again/])
  t.equal(await outcomeOf(jobs.submit({ source: 'x', text }, clientInfo)), 'overloaded', 'not while it stops')

  const next = createImportJobs({ ...imports, onError: error => t.fail(String(error)) })
  t.equal((await next.submit({ source: 'x', text }, clientInfo)).id, id)
  await until('it is finished', async () => (await imports.find(id)).finishedAt !== null)
  t.match(await imports.find(id), { lines: 4_500, imported: 4_500, existing: 0, rejected: 0 })
  await next.stop()
})

t.test('imports are done one after the other, and no more than three are kept in memory', async t => {
  const waiting: Array<() => void> = []
  let running = 0
  let most = 0
  const { jobs, errors } = await setUp(t, {
    run: async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>(resolve => waiting.push(resolve))
      running -= 1
    }
  })
  const submit = () => jobs.submit({ source: 'x', text: linesOf(1) }, clientInfo)
  for (let n = 0; n < 3; n += 1) await submit()
  t.equal(await outcomeOf(submit()), 'overloaded')
  for (let n = 0; n < 3; n += 1) {
    await until('it is its turn', () => waiting.length > 0)
    waiting.shift()?.()
  }
  await until('there is room', async () => await outcomeOf(submit()) === 'granted')
  await until('it is its turn', () => waiting.length > 0)
  waiting.shift()?.()
  t.equal(most, 1)
  t.same(errors, [])
})

t.test('lines that another process imports too are left to the one that is further', async t => {
  const { jobs, errors } = await setUp(t, { run: () => Promise.reject(new AuthError('changed_meanwhile')) })
  await jobs.submit({ source: 'x', text: linesOf(1) }, clientInfo)
  await jobs.stop()
  t.same(errors, [])
})

t.test('an import without progress for two minutes is said to be interrupted', async t => {
  const { imports } = await setUp(t)
  const id = await imports.begin({ source: 'x', format: 'csv', fingerprint: Buffer.from(randomUUID()) }, clientInfo)
  const stored = await imports.find(id)
  const at = stored.progressedAt.getTime()
  t.equal(stateOf(stored, at + 120_000), 'running')
  t.equal(stateOf(stored, at + 120_001), 'interrupted')
  t.equal(stateOf({ ...stored, finishedAt: new Date() }, at + 120_001), 'finished')
})
