import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import t, { type Test } from 'tap'
import { MailRefused } from '../../src/core/mail/mail.js'
import { openMailTransport } from '../../src/mail/index.js'
import { temporaryFolder } from '../support/test-database.js'

/* Against a real SMTP server, on this machine. */

/** An address that reaches this machine and is not in the list of its own. */
const elsewhere = '0.0.0.0'

const issuer = 'https://auth.example.com'

interface Server {
  port: number
  mails: string[]
  logins: Array<{ username: unknown, password: unknown, secure: boolean }>
}

async function startServer (t: Test, options: SMTPServerOptions = {}): Promise<Server> {
  const mails: string[] = []
  const logins: Server['logins'] = []
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    onAuth ({ username, password }, { secure }, done) {
      logins.push({ username, password, secure })
      done(password === 'wrong' ? new Error('no such login') : null, { user: 1 })
    },
    onData (stream, _session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        mails.push(Buffer.concat(chunks).toString())
        done()
      })
    },
    ...options
  })
  server.on('error', () => {})
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => new Promise<void>(resolve => { server.close(resolve) }))
  return { port: (server.server.address() as AddressInfo).port, mails, logins }
}

const open = (url: string) => openMailTransport({
  settings: { delivery: 'smtp', url, from: { name: 'Keyturn', address: 'no-reply@example.com' }, templates: undefined },
  issuer,
  dataDir: '/nowhere'
})

const mail = (recipient = 'ann@example.com') => ({
  id: randomUUID(),
  kind: 'sign-in-code' as const,
  recipient,
  values: { name: 'Ann', code: '01234567', link: 'https://app.example.com/link#token=x' }
})

/** The code with which the server refuses. */
const refusal = (responseCode: number) => Object.assign(new Error('refused'), { responseCode })

const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'no openssl to make a certificate with'

async function certificate (t: Test) {
  const folder = await temporaryFolder(t)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key,
    '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  ], { stdio: 'ignore' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

t.test('a mail arrives with its texts, sender, recipient and Message-ID, the same at each try', async t => {
  const { port, mails } = await startServer(t)
  const transport = open(`smtp://127.0.0.1:${port}`)
  t.equal(transport.isAvailable, true)
  const sent = mail()
  await transport.send(sent)
  await transport.send(sent)
  t.equal(mails.length, 2)
  for (const text of mails) {
    const { from, to, subject, messageId, text: plain = '', html, headers } = await simpleParser(text)
    t.same(from?.value, [{ name: 'Keyturn', address: 'no-reply@example.com' }])
    t.match(to, { text: 'ann@example.com' })
    t.equal(subject, 'Your sign-in code')
    t.equal(messageId, `<${sent.id}@auth.example.com>`)
    t.match(plain, /Hello Ann,[^]* {4}01234567\n[^]*https:\/\/app\.example\.com\/link#token=x/)
    t.match(String(html), /01234567/)
    t.equal(headers.get('auto-submitted'), 'auto-generated')
  }
})

t.test('a recipient is one recipient, whatever is in its text', async t => {
  const recipients: string[] = []
  const { port, mails } = await startServer(t, {
    onRcptTo ({ address }, _session, done) {
      recipients.push(address)
      done()
    }
  })
  await t.rejects(open(`smtp://127.0.0.1:${port}`).send(mail('ann@example.com, eve@example.com')), {
    message: /recipient/
  })
  t.same([...recipients, ...mails], [], 'two in one text are one that there cannot be')
})

t.test('it signs in where the URL says who, with the password decoded', async t => {
  const { port, logins } = await startServer(t, { allowInsecureAuth: true })
  await open(`smtp://key%40turn:p%2Fw@127.0.0.1:${port}`).send(mail())
  t.same(logins, [{ username: 'key@turn', password: 'p/w', secure: true }])
})

t.test('a refused recipient is refused for good; everything else may be tried again', async t => {
  const outcome = async (options: SMTPServerOptions, login = '') => {
    const { port } = await startServer(t, { allowInsecureAuth: true, ...options })
    const error: unknown = await open(`smtp://${login}127.0.0.1:${port}`).send(mail()).catch((error: unknown) => error)
    t.ok(error instanceof Error)
    return error instanceof MailRefused ? 'for good' : 'for now'
  }
  t.equal(await outcome({ onRcptTo: (_address, _session, done) => { done(refusal(550)) } }), 'for good')
  t.equal(await outcome({ onMailFrom: (_address, _session, done) => { done(refusal(553)) } }), 'for good')
  t.equal(await outcome({ onRcptTo: (_address, _session, done) => { done(refusal(451)) } }), 'for now', 'greylisting')
  t.equal(await outcome({}, 'keyturn:wrong@'), 'for now', 'a login that the operator puts right')
})

t.test('a server that is not there may be there later', async t => {
  const { port } = await new Promise<AddressInfo>(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address() as AddressInfo
      server.close(() => { resolve(address) })
    })
  })
  await t.rejects(open(`smtp://127.0.0.1:${port}`).send(mail()), { code: 'ESOCKET' })
})

t.test('a certificate that no authority vouches for is refused, with STARTTLS and with TLS from the start', {
  skip: noOpenssl
}, async t => {
  const pair = await certificate(t)
  const starttls = await startServer(t, { ...pair })
  await t.rejects(open(`smtp://${elsewhere}:${starttls.port}`).send(mail()), /self-signed/)
  const tls = await startServer(t, { ...pair, secure: true })
  await t.rejects(open(`smtps://${elsewhere}:${tls.port}`).send(mail()), /self-signed/)
  t.same([...starttls.mails, ...tls.mails], [])
  await open(`smtps://127.0.0.1:${tls.port}`).send(mail())
  t.equal(tls.mails.length, 1, 'but one of this machine is taken')
})

t.test('a server of another machine without STARTTLS gets nothing, unless the URL says ?insecure', async t => {
  const { port, mails } = await startServer(t, { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] })
  await t.rejects(open(`smtp://${elsewhere}:${port}`).send(mail()), /STARTTLS|TLS/i)
  t.same(mails, [])
  await open(`smtp://${elsewhere}:${port}?insecure`).send(mail())
  t.equal(mails.length, 1)
})

t.test('without a port it is 587, or 465 with TLS from the start', async t => {
  for (const url of ['smtp://127.0.0.1', 'smtps://127.0.0.1']) {
    const port = url.startsWith('smtps') ? 465 : 587
    await t.rejects(open(url).send(mail()), { message: new RegExp(`127\\.0\\.0\\.1:${port}`) })
  }
})

t.test('without anywhere to send to, nothing is sent', async t => {
  const transport = openMailTransport({
    settings: { delivery: 'none', url: undefined, from: { name: '', address: 'x@example.com' }, templates: undefined },
    issuer,
    dataDir: '/nowhere'
  })
  t.equal(transport.isAvailable, false)
  await t.rejects(transport.send(mail()), /MAIL_URL is not set/)
})
