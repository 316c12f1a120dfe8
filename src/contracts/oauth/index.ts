import type { Contract, ContractOptions } from '../../http/contract.js'
import type { FastifyPluginAsync } from 'fastify'
import { renderOauthFailure } from './errors.js'
import { eventRoutes } from './event-routes.js'
import { failures } from './schemas.js'
import { streamRoutes } from './stream-routes.js'
import { streamSubjectRoutes } from './stream-subject-routes.js'
import { tokenRoutes } from './token-routes.js'
import { wellKnownRoutes } from './well-known-routes.js'

const routes: FastifyPluginAsync<ContractOptions> = async (app, options) => {
  await app.register(wellKnownRoutes, options)
  await app.register(tokenRoutes, options)
  await app.register(eventRoutes, options)
  await app.register(streamRoutes, options)
  await app.register(streamSubjectRoutes, options)
}

export const oauth: Contract = {
  routes,
  render: renderOauthFailure,
  failures,
  description: 'OAuth 2.0 for partner services: tokens, introspection, revocation, security events and metadata',
  credentials: { client: true }
}
