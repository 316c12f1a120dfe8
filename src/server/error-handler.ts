import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Contract } from '../http/contract.js'
import { toFailure, type Failure } from '../http/failure.js'
import { noteFailure } from '../http/request-outcome.js'

/** Long enough for a queue to shrink or a connection to come back, short enough for a person to wait. */
const retryAfterSeconds = 1

/** Answers every error of a contract's routes in the contract's shape. */
export function errorHandler (contract: Contract, log: FastifyBaseLogger) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const { id: reqId } = request
    const failure = toFailure(error)
    noteFailure(request, failure)
    if (failure.code === 'internal') log.error({ reqId, err: error }, 'unexpected error')
    if (failure.code === 'unavailable') log.warn({ reqId, err: error.cause ?? error }, 'database not available')
    sendFailure(contract, failure, reply)
  }
}

/** Sends a refusal with the headers its status asks for (RFC 9110 10.2.3 and 11.6.1, RFC 6750 3). */
export function sendFailure (contract: Contract, failure: Failure, reply: FastifyReply): void {
  const { status, body } = contract.render(failure)
  if (status === 401) {
    const problem = failure.reason !== undefined ? ', error="invalid_token"' : ''
    const scheme = failure.code === 'invalid_client' ? 'Basic' : 'Bearer'
    reply.header('www-authenticate', `${scheme} realm="keyturn"${problem}`)
  }
  if (failure.scope !== undefined) {
    reply.header('www-authenticate', `Bearer realm="keyturn", error="insufficient_scope", scope="${failure.scope}"`)
  }
  const retryAfter = failure.retryAfter ?? (status === 503 ? retryAfterSeconds : null)
  if (retryAfter !== null) reply.header('retry-after', retryAfter)
  reply.code(status).header('cache-control', 'no-store').send(body)
}
