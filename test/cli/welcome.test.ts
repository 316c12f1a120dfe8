import { Writable } from 'node:stream'
import t from 'tap'
import { welcome, type WelcomeNeeds } from '../../src/cli/welcome.js'
import { version } from '../../src/version.js'
import { testLog } from '../support/build.js'

const listeners = [
  { url: 'http://127.0.0.1:3000', contracts: ['partner', 'spa'] }, { url: 'http://[::1]:80', contracts: ['ops'] }
]

/** What is shown to a terminal, or to something else. */
function shown ({ isTTY = true, level = 'info', ...settings }: Partial<WelcomeNeeds['settings']> & {
  isTTY?: boolean, level?: string
} = {}): string {
  let text = ''
  const output = new Writable({
    write (chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    }
  })
  welcome({
    output: Object.assign(output, { isTTY }),
    log: testLog(level).log,
    settings: {
      apiDocs: 'on',
      database: { url: undefined, dataDir: '/var/keyturn' },
      mail: { delivery: 'files' },
      ...settings
    },
    listeners
  })
  return text
}

t.test('shows what runs where, and how to stop it', t => {
  t.equal(shown(), `Keyturn ${version}

  http://127.0.0.1:3000  partner, spa
  http://[::1]:80        ops

  Documentation  http://127.0.0.1:3000/docs, and /docs on every other address
  Data           embedded Postgres in /var/keyturn
  Mail           files in /var/keyturn/mail, which \`keyturn mail list\` shows
  Stop           Ctrl-C

`)
  t.end()
})

t.test('names no documentation where none is served', t => {
  t.notMatch(shown({ apiDocs: 'off' }), /docs|Documentation/)
  t.end()
})

t.test('says nothing of mails that are sent', t => {
  t.notMatch(shown({ mail: { delivery: 'smtp' } }), 'Mail')
  t.end()
})

t.test('names a database without its credentials', t => {
  const url = 'postgres://keyturn:secret@db.example.com:6432/accounts?password=secret'
  const text = shown({ database: { url, dataDir: '.keyturn' } })
  t.match(text, '  Data           Postgres at db.example.com:6432/accounts\n')
  t.notMatch(text, 'secret')
  t.end()
})

t.test('is silent without a terminal, and below its log level', t => {
  t.equal(shown({ isTTY: false }), '')
  t.equal(shown({ level: 'warn' }), '')
  t.end()
})
