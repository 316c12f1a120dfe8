import type { FastifyRequest } from 'fastify'
import type { Core } from '../core/index.js'
import type { Principal } from '../core/validation/validation.js'
import { requireToken, type AccessTokenSource } from './access-token-source.js'
import { noteActing } from './request-outcome.js'

type Authenticate = Core['validation']['authenticate']

/**
 * A guard for routes that require a valid access token: `check` is their `onRequest` hook, so that a request is
 * authenticated before any of it is parsed; `principalOf` returns the principal to their handlers.
 * @param authenticate `authenticateToManage` where the token of any contract will not do
 */
export function authentication (
  core: Core, tokenOf: AccessTokenSource, authenticate: Authenticate = token => core.validation.authenticate(token)
) {
  const principals = new WeakMap<FastifyRequest, Principal>()
  return {
    /** @throws HttpFailure `token_missing`, `foreign_origin`; AuthError as `authenticate` does */
    check: async (request: FastifyRequest): Promise<void> => {
      const principal = await authenticate(requireToken(tokenOf(request)))
      principals.set(request, principal)
      noteActing(request, { id: principal.accountId, sessionId: principal.sessionId })
    },

    principalOf: (request: FastifyRequest): Principal => {
      const principal = principals.get(request)
      if (principal === undefined) throw new Error(`${request.method} ${request.url} is not guarded`)
      return principal
    }
  }
}
