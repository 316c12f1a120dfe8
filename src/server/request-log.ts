import { actingOf, failureOf } from '../http/request-outcome.js'
import { LogController, type FastifyReply, type FastifyRequest } from 'fastify'

/** Logs each request once, when it is over; Fastify itself has two lines for it. */
export class RequestLog extends LogController {
  override incomingRequest (): void {}

  override requestCompleted (_error: Error | null, request: FastifyRequest, reply: FastifyReply): void {
    const { routeOptions: { url: route, config: { contract } } } = request
    request.log.info({
      req: request,
      res: reply,
      route,
      contract,
      ...actingOf(request),
      failure: failureOf(request),
      ms: Math.round(reply.elapsedTime)
    }, 'request')
  }
}
