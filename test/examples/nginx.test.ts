import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { buildForPartner } from '../support/partner.js'
import { post, send } from '../support/http.js'
import { noNginx, startNginx } from '../support/nginx.js'
import { signedUp } from '../support/people.js'
import { freePort } from '../support/postgres-server.js'

/** A service that trusts what reaches it. */
async function startUpstream (t: Test): Promise<string> {
  const server: Server = createServer((request, response) => response.end(`behind ${request.url}`))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.close() })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('nginx lets good tokens through, and refuses an ended session at once', { skip: noNginx }, async t => {
  const { server, issuer } = await buildForPartner(t)
  const address = `127.0.0.1:${await freePort()}`
  const example = await readFile(new URL('../../examples/nginx.conf', import.meta.url), 'utf8')
  const config = example.replace('127.0.0.1:8080', address).replace('127.0.0.1:8081', await startUpstream(t))
    .replace('http://127.0.0.1:3000', issuer)
  await startNginx(t, config, `http://${address}`)
  const get = (headers: Record<string, string> = {}) => send(`http://${address}/path?query`, { headers })

  const { token } = await signedUp(issuer)
  const bearer = { authorization: `Bearer ${token}` }
  t.match(await get(bearer), { status: 200, text: 'behind /path?query' })
  const missing = await get()
  t.equal(missing.status, 401)
  t.match(missing.headers.get('www-authenticate'), /^Bearer/)
  t.equal((await get({ authorization: `Bearer ${token}x` })).status, 401)
  t.equal((await get({ cookie: `session=${token}` })).status, 401, 'a cookie does not count')
  t.match(await send(`http://${address}/path`, { method: 'POST', headers: bearer, body: 'x' }), { status: 200 })
  t.equal((await send(`http://${address}/_keyturn`, { headers: bearer })).status, 404)

  await post(`${issuer}/api/auth/revoke-token`, { token })
  t.equal((await get(bearer)).status, 401)

  const { token: another } = await signedUp(issuer)
  await server.stop()
  const unavailable = await get({ authorization: `Bearer ${another}` })
  t.equal(unavailable.status, 503, 'what cannot be told is not 401')
  t.equal(unavailable.headers.get('retry-after'), '1')
})
