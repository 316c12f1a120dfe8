import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'

const header = 'x-request-id'

/** Short, and nothing that a log or a header could misread. */
const acceptable = /^[\w.:-]{1,64}$/

/** The id that a proxy or a client gave the request, so that its logs and ours can be joined; else a new one. */
export function requestId (request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[header]
  return typeof given === 'string' && acceptable.test(given) ? given : randomUUID()
}

/** Sends the id with every reply. */
export function sendRequestId ({ id }: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
  reply.header(header, id)
  done()
}
