import { Writable } from 'node:stream'
import t from 'tap'
import { createLog } from '../src/log.js'
import { isTerminal, terminalLog } from '../src/terminal-log.js'

/** A log at a terminal, and what it shows there. */
function terminal ({ colors = false, level = 'trace' } = {}) {
  const shown: string[] = []
  const stream = Object.assign(new Writable({
    write (chunk: Buffer, _encoding, done) {
      shown.push(chunk.toString())
      done()
    }
  }), { isTTY: true as const, hasColors: () => colors })
  return { stream, log: createLog(level, stream), lines: () => shown.map(line => line.replace(/^\d\d:\d\d:\d\d /, '')) }
}

t.test('shows an entry as one line, with what it tells besides', t => {
  const { log, lines } = terminal()
  log.info('ready')
  log.warn({ applied: 2, dataDir: '.keyturn', list: ['a', 1] }, 'schema')
  log.child({ contracts: ['ops'] }).debug({ reqId: 'req-1' })
  t.same(lines(), [
    'info  ready\n', 'warn  schema applied=2 dataDir=.keyturn list=["a",1]\n', 'debug \n'
  ])
  t.end()
})

t.test('shows a request with status and duration', t => {
  const { log, lines } = terminal()
  const req = { method: 'POST', url: '/api/auth/login?token=secret', ip: '192.0.2.1' }
  log.info({ req, res: { statusCode: 401 }, ms: 24 }, 'request')
  t.same(lines(), ['info  POST /api/auth/login 401 24 ms from 192.0.2.1\n'])
  t.end()
})

t.test('shows why something failed, with a stack only where it may be a bug', t => {
  const { log, lines } = terminal()
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  log.error({ err: new Error('no database', { cause: refused }), retryInMs: 250 }, 'not ready')
  log.error({ err: refused }, 'not ready')
  log.error({ err: Object.assign(new Error('bare'), { stack: undefined }) })
  const [bug = '', expected, bare] = lines()
  t.match(bug, /^error not ready: no database: connect ECONNREFUSED retryInMs=250\n {4}at .*terminal-log\.test/)
  t.match(bug, /\n$/)
  t.equal(expected, 'error not ready: connect ECONNREFUSED\n')
  t.equal(bare, 'error bare\n')
  t.end()
})

t.test('shows nothing that a terminal would obey', t => {
  const { log, lines } = terminal()
  const hostile = 'a\u001b[2J\r\nb\u009b\u202ec'
  const req = { method: 'GET', url: `/${hostile}`, ip: hostile }
  log.error({ err: new Error(hostile), name: hostile, req }, hostile)
  const safe = 'a\\u001b[2J\\u000d\\u000ab\\u009b\\u202ec'
  t.match(lines().join(''), safe)
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  t.notMatch(lines().join(''), /[\u0000-\u0009\u000b-\u001f\u0080-\u009f\u202e]/)
  t.end()
})

t.test('leaves out what the welcome has shown', t => {
  const { log, lines } = terminal()
  log.info('Server listening at http://127.0.0.1:3000')
  t.same(lines(), [])
  t.end()
})

t.test('is colored where the terminal has colors', t => {
  const { log, lines } = terminal({ colors: true })
  log.warn('careful')
  t.match(lines()[0], '\u001b[33mwarn \u001b[0m careful\n')
  t.end()
})

t.test('shows an entry of a level it does not know', t => {
  const { stream, lines } = terminal()
  terminalLog(stream).write(JSON.stringify({ level: 35, time: 0, msg: 'notice' }))
  t.same(lines(), ['log   notice\n'])
  t.end()
})

t.test('is for terminals alone', t => {
  t.notOk(isTerminal(new Writable()))
  t.notOk(isTerminal(Object.assign(new Writable(), { isTTY: false })))
  t.ok(isTerminal(terminal().stream))
  t.end()
})
