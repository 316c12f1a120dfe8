import type { FastifyInstance } from 'fastify'
import { AuthError } from '../core/errors.js'

/**
 * Answers `unavailable` for a handler that takes longer than so many milliseconds. Fastify's own `handlerTimeout`
 * forgets its timer as soon as a body has arrived, so it guards no POST.
 */
export function limitHandlers (app: FastifyInstance, milliseconds: number): void {
  app.addHook('preHandler', (_request, reply, done) => {
    const timer = setTimeout(() => {
      if (!reply.sent) reply.send(new AuthError('unavailable', { message: 'the handler took too long' }))
    }, milliseconds)
    reply.raw.once('close', () => clearTimeout(timer))
    done()
  })
}
