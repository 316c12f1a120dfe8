import type { onRequestHookHandler } from 'fastify'

/** A hook: what is answered here is kept by nobody (RFC 9111 5.2.2.5), unless its route says otherwise. */
export const noStore: onRequestHookHandler = (_request, reply, done) => {
  reply.header('cache-control', 'no-store')
  done()
}
