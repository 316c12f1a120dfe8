import type { Contract } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { renderAccountFailure } from './errors.js'
import { deletionRoutes } from './deletion-routes.js'
import { emailRoutes } from './email-routes.js'
import { exportRoute } from './export-route.js'
import { mailSignInRoutes } from './mail-sign-in-routes.js'
import { pageRoutes } from './pages/index.js'
import { profileRoutes } from './profile-routes.js'
import { failures } from './schemas.js'
import { sessionRoutes } from './session-routes.js'
import { signInRoutes } from './sign-in-routes.js'
import { verificationRoutes } from './verification-routes.js'

export const account: Contract = {
  async routes (app, options) {
    app.addHook('onRequest', noStore)
    await app.register(signInRoutes, options)
    await app.register(sessionRoutes, options)
    await app.register(exportRoute, options)
    await app.register(profileRoutes, options)
    await app.register(verificationRoutes, options)
    await app.register(mailSignInRoutes, options)
    await app.register(emailRoutes, options)
    await app.register(deletionRoutes, options)
    if (!options.settings.hasOwnPages) await app.register(pageRoutes, options)
  },
  render: renderAccountFailure,
  failures,
  unservedPaths: /^\/api\/account(?=[/?]|$)/,
  description: 'What people do with their account, from sign-up over devices, password and email to its deletion',
  credentials: { bearer: true }
}
