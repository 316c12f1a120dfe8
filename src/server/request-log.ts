import { LogController, type FastifyReply, type FastifyRequest } from 'fastify'

/** Logs each request once, when it is over; Fastify itself has two lines for it. */
export class RequestLog extends LogController {
  override incomingRequest (): void {}

  override requestCompleted (_error: Error | null, request: FastifyRequest, reply: FastifyReply): void {
    request.log.info({ req: request, res: reply, ms: Math.round(reply.elapsedTime) }, 'request')
  }
}
