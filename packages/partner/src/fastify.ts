import type { FastifyReply, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import plugin from 'fastify-plugin'
import { InvalidToken } from './invalid-token.js'
import type { Account, Partner, PartnerOptions } from './partner.js'
import { createProtectedResource } from './protected-resource.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token the request has; set by `app.authenticate`. */
    account: Account
  }

  interface FastifyInstance {
    /** A hook that lets only requests with a valid token pass. */
    authenticate: preHandlerAsyncHookHandler
    /** The same for tokens with all of these scopes; after `authenticate`. */
    requireScope: (...scopes: string[]) => preHandlerAsyncHookHandler
    keyturn: Partner
  }
}

/** Registers `app.authenticate`, `app.requireScope` and, for an audience that is a URL, its metadata (RFC 9728). */
export default plugin<PartnerOptions>(async (app, options) => {
  const resource = createProtectedResource({ onError: error => app.log.warn({ err: error }, 'keyturn'), ...options })
  const { metadata } = resource
  app.decorate('keyturn', resource.partner)
  app.decorateRequest('account', null as unknown as Account)
  app.addHook('onClose', () => resource.partner.close())

  const refusing = (check: (request: FastifyRequest) => Promise<void> | void): preHandlerAsyncHookHandler =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      try {
        await check(request)
      } catch (error) {
        if (!(error instanceof InvalidToken)) throw error
        return reply.code(error.status).headers(error.headers).send(error.body)
      }
    }

  app.decorate('authenticate', refusing(async request => {
    request.account = await resource.authenticate(request.headers.authorization)
  }))
  app.decorate('requireScope', (...scopes: string[]) =>
    refusing(request => resource.requireScopes(request.account, scopes)))
  if (metadata !== null) app.get(metadata.path, async () => metadata.body)
}, { name: '@keyturn/partner', fastify: '5.x' })
