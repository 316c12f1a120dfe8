import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { contracts } from '../../src/contracts/index.js'
import { renderSpaFailure } from '../../src/contracts/spa/errors.js'
import type { Core } from '../../src/core/index.js'
import { authentication } from '../../src/http/authentication.js'
import { answerBrokenRequests } from '../../src/server/broken-requests.js'
import { createRequester } from '../support/requester.js'
import { openSql } from '../support/open-sql.js'
import { build } from '../support/build.js'
import { post } from '../support/http.js'
import { signedUp } from '../support/people.js'
import { sessionPerson } from '../support/session-person.js'
import { until } from '../support/until.js'

t.test('a handler that asks for a principal without the guard is a mistake of ours, and says where', async t => {
  const { principalOf } = authentication({} as Core, () => null)
  t.throws(() => principalOf({ method: 'GET', url: '/x' } as FastifyRequest), { message: 'GET /x is not guarded' })
})

t.test('to a client that has hung up nothing is said', async t => {
  for (const [code, writable] of [['ECONNRESET', true], ['HPE_INVALID_METHOD', false]] as const) {
    const socket = Object.defineProperty(new Socket(), 'writable', { value: writable })
    answerBrokenRequests(contracts.partner)({ code }, socket)
    t.ok(socket.destroyed, code)
  }
})

t.test('spa: a rule without a message of its own gets the validator\'s', async t => {
  const problem = { part: 'body' as const, path: ['x'], keyword: 'pattern', params: {}, message: 'must match' }
  t.match(renderSpaFailure({ code: 'invalid_body', problems: [problem] }).body, {
    detail: [{ loc: ['body', 'x'], msg: 'must match', type: 'value_error' }]
  })
})

t.test('oauth: a problem of the whole body is said to be one', async t => {
  const problem = { part: 'body' as const, path: [], keyword: 'type', params: {}, message: 'must be object' }
  t.match(contracts.oauth.render({ code: 'invalid_body', problems: [problem] }).body, {
    error: 'invalid_request', error_description: 'the body must be object'
  })
})

t.test('get-session does not report a failure as signed out', async t => {
  const server = await build(t)
  const request = createRequester(server.api, 'session')
  const person = await sessionPerson(t, request)
  await openSql(t, server.settings)`ALTER TABLE sessions RENAME TO hidden`
  t.equal((await person.request(t, 'GET /api/auth/get-session')).status, 500)
})

t.test('what fails in the background is logged, and tried again', async t => {
  const server = await build(t, { ownDatabase: true })
  const sql = openSql(t, server.settings)
  const { refreshToken } = await signedUp(server.api)
  const { body } = await post(`${server.api}/api/auth/refresh-token`, { refreshToken })
  await post(`${server.api}/api/auth/validate-token`, { token: body.data.token })
  await sql`ALTER TABLE sessions RENAME TO hidden`
  await until('it is logged', () => server.log.some(line => line.includes('failed in the background')))
  await sql`ALTER TABLE hidden RENAME TO sessions`
  await until('it is written', async () =>
    (await sql`SELECT 1 FROM sessions WHERE confirmed_generation = 1`).length === 1)
})
