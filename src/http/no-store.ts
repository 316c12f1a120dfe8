import type { onRequestHookHandler } from 'fastify'

/** A hook: responses must not be cached (RFC 9111 5.2.2.5), unless the route sets its own header. */
export const noStore: onRequestHookHandler = (_request, reply, done) => {
  reply.header('cache-control', 'no-store')
  done()
}
