import type { FastifyRequest } from 'fastify'
import type { Failure } from './failure.js'

/** Who acts in a request: an account, a client, or an operator. */
interface Acting {
  account?: string
  session?: string
  client?: string
  operator?: string
}

const acting = new WeakMap<FastifyRequest, Acting>()
const failures = new WeakMap<FastifyRequest, string>()

/** Notes for the log whose request it is, once that is known. */
export function noteActing (request: FastifyRequest, { id, sessionId }: { id: string, sessionId?: string }): void {
  acting.set(request, { account: id, ...(sessionId !== undefined && { session: sessionId }) })
}

/** Notes for the log which client sent a request. */
export function noteClient (request: FastifyRequest, { id }: { id: string }): void {
  acting.set(request, { client: id })
}

/** Notes for the log which operator sent a request. */
export function noteOperator (request: FastifyRequest, actor: string): void {
  acting.set(request, { operator: actor })
}

/** Notes for the log why a request is refused. */
export function noteFailure (request: FastifyRequest, { code, reason }: Failure): void {
  failures.set(request, reason === undefined ? code : `${code}: ${reason}`)
}

export const actingOf = (request: FastifyRequest): Acting | undefined => acting.get(request)

export const failureOf = (request: FastifyRequest): string | undefined => failures.get(request)
