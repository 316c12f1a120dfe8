import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { version } from '../../src/version.js'
import { until } from '../support/until.js'
import { embeddedFolder } from '../support/test-database.js'

/* `npm start` by hand: on a real terminal, which the program `script` makes. */

const script = '/usr/bin/script'
const noTerminal = existsSync(script) && process.platform === 'linux' ? false : `no ${script} as Linux has it`
const folder = fileURLToPath(new URL('../../', import.meta.url))

t.test('npm start on a terminal is readable, and Ctrl-C stops it in order', { skip: noTerminal }, async t => {
  const DATA_DIR = await embeddedFolder(t)
  const child = spawn(script, ['--quiet', '--flush', '--return', '--command', 'npm start', '/dev/null'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATA_DIR,
      LISTEN: '127.0.0.1:0=spa,partner 127.0.0.1:0=ops',
      // What it covers is dist, which cannot be added to what other tests cover of src.
      _TAPJS_PROCESSINFO_COVERAGE_: '0'
    }
  })
  t.teardown(() => child.kill('SIGKILL'))
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => { shown += chunk.toString() })
  const ended = once(child, 'exit')

  await until('it is ready', () => /info.* ready\r\n/.test(shown), 60_000)
  const urls = shown.match(/http:\/\/127\.0\.0\.1:\d+/g) ?? []
  const lines = shown.split('\r\n').map(line => line.trim())
  t.ok(lines.includes(`Keyturn ${version}`))
  t.ok(lines.includes(`${urls[0]}  spa, partner`))
  t.ok(lines.includes(`${urls[1]}  ops`))
  t.ok(lines.includes(`Documentation  ${urls[0]}/docs, and /docs on every other address`))
  t.ok(lines.includes(`Data           embedded Postgres in ${DATA_DIR}`))
  t.ok(lines.includes('Stop           Ctrl-C'))
  t.notMatch(shown, '"level"', 'no JSON')

  child.stdin.write('\u0003')
  // npm's own exit code depends on which of the two ends first.
  await ended
  t.match(shown, /info.* stopping signal=SIGINT\r\n/)
  t.notOk(existsSync(`${DATA_DIR}/lock`), 'nothing stays behind')
})
