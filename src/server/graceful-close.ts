import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Milliseconds for a client to send what it has begun, on a connection that was open when the stop began. */
const grace = 1_000

/**
 * Lets a stop wait for requests, and not for connections: a kept-alive one ends soon after its reply, and so does one
 * on which no request was sent. Browsers open those in advance, and Node does not count them as idle.
 */
export function closeGracefully (app: FastifyInstance): void {
  const silent = new Set<Socket>()
  app.server.on('connection', socket => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  app.server.on('request', ({ socket }) => silent.delete(socket))
  app.addHook('preClose', async () => {
    app.server.keepAliveTimeout = grace
    setTimeout(() => silent.forEach(socket => socket.destroy()), grace).unref()
  })
}
