import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { contracts } from '../../src/contracts/index.js'
import { renderSpaFailure } from '../../src/contracts/spa/errors.js'
import type { Core } from '../../src/core/index.js'
import { authentication } from '../../src/http/authentication.js'
import { answerBrokenRequests } from '../../src/server/broken-requests.js'
import { asker } from '../support/ask.js'
import { sqlBeside } from '../support/beside.js'
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

t.test('spa: a rule that the seed has no words for is told in the validator\'s', async t => {
  const problem = { part: 'body' as const, path: ['x'], keyword: 'pattern', params: {}, message: 'must match' }
  t.match(renderSpaFailure({ code: 'invalid_body', problems: [problem] }).body, {
    detail: [{ loc: ['body', 'x'], msg: 'must match', type: 'value_error' }]
  })
})

t.test('get-session does not call somebody signed out because it cannot tell', async t => {
  const server = await build(t)
  const ask = asker(server.api, 'session')
  const person = await sessionPerson(t, ask)
  await sqlBeside(t, server.config)`ALTER TABLE sessions RENAME TO hidden`
  t.equal((await person.ask(t, 'GET /api/auth/get-session')).status, 500)
})

t.test('what fails in the background is logged, and tried again', async t => {
  const server = await build(t)
  const sql = sqlBeside(t, server.config)
  const { refreshToken } = await signedUp(server.api)
  const { body } = await post(`${server.api}/api/auth/refresh-token`, { refreshToken })
  await post(`${server.api}/api/auth/validate-token`, { token: body.data.token })
  await sql`ALTER TABLE sessions RENAME TO hidden`
  await until('it is logged', () => server.log.some(line => line.includes('failed in the background')))
  await sql`ALTER TABLE hidden RENAME TO sessions`
  await until('it is written', async () =>
    (await sql`SELECT 1 FROM sessions WHERE confirmed_generation = 1`).length === 1)
})
