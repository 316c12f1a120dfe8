import type { Contract } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { renderSessionFailure } from './errors.js'
import { failures } from './schemas.js'
import { sessionRoutes } from './session-routes.js'
import { signInRoutes } from './sign-in-routes.js'

export const session: Contract = {
  async routes (app, options) {
    app.addHook('onRequest', noStore)
    await app.register(signInRoutes, options)
    await app.register(sessionRoutes, options)
  },
  render: renderSessionFailure,
  failures,
  description: 'Sessions by cookie or bearer token, compatible with the client of Better Auth',
  credentials: { bearer: true, cookie: 'session' }
}
