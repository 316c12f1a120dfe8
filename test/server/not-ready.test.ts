import t, { type Test } from 'tap'
import { startServer } from '../../src/server/server.js'
import { build, testLog } from '../support/build.js'
import { withOverrides, type Overrides } from '../support/settings.js'
import { until } from '../support/until.js'

/** What a server logs that starts with these settings over a database of its own. */
async function attempts (t: Test, overrides: Overrides): Promise<string[]> {
  const { settings } = await build(t, { ownDatabase: true })
  const { lines, log } = testLog()
  const server = await startServer({ settings: withOverrides(settings, overrides), log, now: Date.now })
  t.teardown(() => server.stop())
  const found = () => lines.filter(line => line.includes('"not ready"'))
  await until('it has tried twice', () => found().length > 1)
  return found()
}

t.test('while the database cannot be reached, each attempt is one line that says why', async t => {
  for (const line of await attempts(t, { database: { url: 'postgres://127.0.0.1:1/none' } })) {
    t.match(JSON.parse(line), { level: 50, reason: /ECONNREFUSED/, retryInMs: Number })
    t.notMatch(line, 'stack')
  }
})

t.test('what else stands in the way is logged with where it happened', async t => {
  for (const line of await attempts(t, { secrets: { current: 'another secret of at least 32 bytes' } })) {
    t.match(JSON.parse(line), { err: { message: /sealed with another KEYTURN_SECRET/, stack: String } })
  }
})
