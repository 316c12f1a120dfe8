import t from 'tap'
import { keyCommand } from '../../src/cli/key.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { environmentOf } from '../support/settings.js'

t.test('key list shows every key; key rotate announces the next one, which signs in an hour', async t => {
  const { settings } = await buildCore(t)
  const command = () => keyCommand(environmentOf(settings))
  const inSeconds = (key: { signsFrom: string }) => (Date.parse(key.signsFrom) - Date.now()) / 1000

  t.match(await runJson(command(), ['list']), [{ algorithm: 'ES256', number: 1, state: 'signs' }])
  const [first, next] = await runJson(command(), ['rotate'])
  t.match([first.state, next.state], ['signs', 'next'])
  t.ok(Math.abs(inSeconds(next) - 3_600) < 60)

  const [, hastened] = await runJson(command(), ['rotate', '--now'])
  t.equal(hastened.kid, next.kid, 'the announced key, sooner')
  t.ok(inSeconds(hastened) < 60)
  t.match((await run(command(), ['list'])).stdout, new RegExp(`│ ${next.kid} │ ES256 +│ 2 +│`))
})
