import type { FastifyError } from 'fastify'
import t from 'tap'
import { toFailure } from '../../src/http/failure.js'

t.test('a handler that waits in vain for the database is answered as such, to be asked again', async t => {
  const error = { code: 'FST_ERR_HANDLER_TIMEOUT', statusCode: 503 } as FastifyError
  t.same(toFailure(error), { code: 'unavailable' })
})
