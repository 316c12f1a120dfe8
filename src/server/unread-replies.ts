import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface UnreadReplyLimits {
  /** Milliseconds for which a client may leave a reply unread. */
  maxMs: number
  /** Bytes of replies that are not read, over all connections. */
  maxBytes: number
}

const checkIntervalMs = 1_000

/**
 * Closes connections on which replies are not read: those that have not been read to the end for too long, and, when
 * all together hold too much memory, those that have waited longest. A timer for each reply would cost every client;
 * looking at all connections once a second costs next to nothing.
 */
export function cutUnreadReplies (server: Server, { maxMs, maxBytes }: UnreadReplyLimits): void {
  const sockets = new Set<Socket>()
  /** In the order in which they began to wait. */
  const unreadSince = new Map<Socket, number>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      unreadSince.delete(socket)
    })
  })

  const timer = setInterval(() => {
    const now = performance.now()
    let bytes = 0
    for (const socket of sockets) {
      if (socket.writableLength === 0) unreadSince.delete(socket)
      else if (!unreadSince.has(socket)) unreadSince.set(socket, now)
      bytes += socket.writableLength
    }
    for (const [socket, since] of unreadSince) {
      if (now - since < maxMs && bytes <= maxBytes) break
      bytes -= socket.writableLength
      socket.destroy()
    }
  }, checkIntervalMs).unref()
  server.once('close', () => clearInterval(timer))
}
