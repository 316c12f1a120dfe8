import type { Contract } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { renderAccountFailure } from './errors.js'
import { exportRoute } from './export-route.js'
import { profileRoutes } from './profile-routes.js'
import { failures } from './schemas.js'
import { sessionRoutes } from './session-routes.js'
import { signInRoutes } from './sign-in-routes.js'

export const account: Contract = {
  async routes (app, options) {
    app.addHook('onRequest', noStore)
    await app.register(signInRoutes, options)
    await app.register(sessionRoutes, options)
    await app.register(exportRoute, options)
    await app.register(profileRoutes, options)
  },
  render: renderAccountFailure,
  failures,
  unservedPaths: /^\/api\/account(?=[/?]|$)/,
  description: 'What people do with their account: sign-up, sign-in, devices, password, profile, export',
  credentials: { bearer: true }
}
