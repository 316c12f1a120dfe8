import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { ClientInfo } from '../../core/lib/client-info.js'
import type { OperatorScope } from '../../core/operators/operators.js'
import { bearerTokenOf, requireToken } from '../../http/access-token-source.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { HttpFailure, type FailureCode } from '../../http/failure.js'
import { noteOperator } from '../../http/request-outcome.js'

/** What every route of operators can refuse with. */
export const operatorFailures = [
  'token_missing', 'invalid_token', 'insufficient_scope', 'unknown_route'
] as const satisfies FailureCode[]

/** What a request with an Idempotency-Key can be refused with besides. */
export const idempotencyFailures = [
  'idempotency_key_reused', 'request_in_progress'
] as const satisfies FailureCode[]

/** Headers of a request that is done once, however often it arrives. */
export const IdempotencyKey = Type.Object({
  'idempotency-key': Type.Optional(Type.String({
    pattern: '^[\\x20-\\x7e]{1,255}$',
    description: 'Any text, a new one for each request: sent again with the same within a day, it is not done again ' +
      'but answered as it was',
    examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324']
  }))
})

/** A route that an operator with a scope may use. */
export const forScope = (scope: OperatorScope) => ({ tags: ['admin'], security: [{ operator: [scope] }] })

type Needs = Pick<ContractOptions, 'core' | 'settings' | 'isLoopback'>

/** Guards routes of operators. Where no credential would do, the contract is not there: 404. */
export function operatorGuard ({ core: { operators }, settings, isLoopback }: Needs) {
  const takesAdminToken = isLoopback || settings.adminTokenAnywhere
  const actors = new WeakMap<FastifyRequest, string>()

  function actorOf (request: FastifyRequest): string {
    const actor = actors.get(request)
    if (actor === undefined) throw new Error(`${request.method} ${request.url} is not guarded`)
    return actor
  }

  return {
    /** Whether anything of the contract is there: whether any credential would do. */
    canAdminister: (): Promise<boolean> => operators.exist(takesAdminToken),

    /** Who sent a request that was let through. */
    actorOf,

    /**
     * The hook of a route that needs a scope.
     * @throws HttpFailure `token_missing`, `unknown_route`; AuthError `invalid_token`, `insufficient_scope`
     */
    requires: (scope: OperatorScope) => async (request: FastifyRequest): Promise<void> => {
      try {
        const bearer = requireToken(bearerTokenOf(request))
        const actor = await operators.authenticate({ bearer, takesAdminToken }, scope, clientInfoOf(request))
        actors.set(request, actor)
        noteOperator(request, actor)
      } catch (error) {
        throw await operators.exist(takesAdminToken) ? error : new HttpFailure('unknown_route')
      }
    },

    /** Who does what a request asks for, and why, for the record. */
    by (this: void, request: FastifyRequest, reason?: string): ClientInfo {
      return {
        ...clientInfoOf(request),
        actor: actorOf(request),
        requestId: request.id,
        ...reason !== undefined && { reason }
      }
    }
  }
}

export type OperatorGuard = ReturnType<typeof operatorGuard>

/** What the routes of operators are registered with. */
export interface AdminOptions extends ContractOptions {
  guard: OperatorGuard
}
