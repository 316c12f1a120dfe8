import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import Fastify from 'fastify'
import t from 'tap'
import { contracts } from '../../src/contracts/index.js'
import { errorHandler } from '../../src/http/error-handler.js'
import { limitHandlers } from '../../src/http/handler-timeout.js'
import { post, send } from '../support/http.js'
import { until } from '../support/until.js'

t.test('a handler that takes too long is answered for, with a body or without, and harms nothing later', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  limitHandlers(app, 100)
  app.setErrorHandler(errorHandler(contracts.partner))
  let finished = 0
  app.route({
    method: ['GET', 'POST'],
    url: '/slow',
    handler: async () => {
      await delay(300)
      finished += 1
      return {}
    }
  })
  app.get('/quick', async () => ({}))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const reply of await Promise.all([send(`${url}/slow`), post(`${url}/slow`, {})])) {
    t.match(reply, { status: 503, body: { error: { code: 'UNAVAILABLE', retryable: true } } })
    t.equal(reply.headers.get('retry-after'), '1')
  }
  await until('both handlers are done', () => finished === 2)
  t.equal((await send(`${url}/quick`)).status, 200)
})

t.test('a client that has left is not answered', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  limitHandlers(app, 50)
  const failures: unknown[] = []
  app.setErrorHandler(error => { failures.push(error) })
  const left = new AbortController()
  app.get('/slow', async (_request, reply) => {
    left.abort()
    await once(reply.raw, 'close')
    await delay(100)
    return reply
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  await t.rejects(fetch(`${url}/slow`, { signal: left.signal }))
  await delay(200)
  t.same(failures, [])
})
