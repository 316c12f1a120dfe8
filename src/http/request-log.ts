import { LogController, type FastifyReply, type FastifyRequest } from 'fastify'

/** Logs each request once, when it is answered; Fastify itself has two lines for it. */
export class RequestLog extends LogController {
  override incomingRequest (): void {}

  override requestCompleted (error: Error | null, request: FastifyRequest, reply: FastifyReply): void {
    const ms = Math.round(reply.elapsedTime)
    if (error) request.log.info({ req: request, err: error, ms }, 'the client left before it was answered')
    else request.log.info({ req: request, res: reply, ms }, 'request')
  }
}
