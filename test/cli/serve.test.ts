import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { send } from '../support/http.js'
import { keyturn } from '../support/keyturn-process.js'
import { startServerProcess } from '../support/server-process.js'
import { embeddedFolder } from '../support/test-database.js'

t.test('serve listens where LISTEN says, and SIGTERM ends it in order with exit code 0', async t => {
  const DATA_DIR = await embeddedFolder(t)
  const server = await startServerProcess(t, { env: { DATA_DIR, JWT_ALGO: 'ES256' }, counted: true })
  t.match(await send(`${server.ops}/readyz`), { status: 200 })
  t.match(await send(`${server.api}/openapi.json`), { status: 200, body: { openapi: '3.1.0' } })
  t.match(await send(`${server.api}/readyz`), { status: 404 }, 'each contract only where it was put')

  server.kill('SIGTERM')
  const { code, stdout, stderr } = await server.ended
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.match(stdout, 'JWT_ALGO is not a setting of Keyturn and is ignored; did you mean JWT_ALG?')
  t.match(stdout, '"signal":"SIGTERM","msg":"stopping"')
  t.ok(stdout.split('\n').every(line => typeof JSON.parse(line) === 'object'), 'the log is JSON, line by line')
  t.same((await readdir(DATA_DIR)).toSorted(), ['pg', 'secret'], 'neither lock nor socket stays behind')
})

t.test('a port that is taken is named on standard error, and nothing stays behind', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const DATA_DIR = await embeddedFolder(t)

  const { code, stderr } = await keyturn(['serve'], {
    env: { DATA_DIR, LISTEN: `127.0.0.1:0=ops 127.0.0.1:${port}=partner` }
  })
  t.equal(code, 1)
  t.equal(stderr, `keyturn: LISTEN 127.0.0.1:${port}=partner: the port is in use by another process; ` +
    'stop that one, or choose another port\n')
  t.notOk(existsSync(`${DATA_DIR}/lock`))
})
