import type { Contract } from '../../http/contract.js'
import { renderSessionFailure } from './errors.js'
import { sessionRoutes } from './session-routes.js'
import { signInRoutes } from './sign-in-routes.js'

export const session: Contract = {
  async routes (app, options) {
    app.addHook('onRequest', async (_request, reply) => { reply.header('cache-control', 'no-store') })
    await app.register(signInRoutes, options)
    await app.register(sessionRoutes, options)
  },
  render: renderSessionFailure,
  description: 'Sessions by cookie or bearer token, as the client of Better Auth speaks',
  credentials: ['bearer', 'cookie session']
}
