import type { Contract } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { renderSessionFailure } from './errors.js'
import { mailRoutes } from './mail-routes.js'
import { mailSignInRoutes } from './mail-sign-in-routes.js'
import { failures } from './schemas.js'
import { sessionRoutes } from './session-routes.js'
import { signInRoutes } from './sign-in-routes.js'
import { userRoutes } from './user-routes.js'

/** What else Better Auth's client and its plugins call. */
const unservedPaths = new RegExp('^/api/auth/(?:' + [
  'sign-in', 'sign-up', 'forget-password', 'reset-password', 'delete-user', 'link-social', 'unlink-account',
  'list-accounts', 'account-info', 'get-access-token', 'callback', 'two-factor', 'magic-link', 'email-otp', 'passkey',
  'multi-session', 'organization', 'admin'
].join('|') + ')(?=[/?]|$)')

export const session: Contract = {
  async routes (app, options) {
    app.addHook('onRequest', noStore)
    await app.register(signInRoutes, options)
    await app.register(sessionRoutes, options)
    await app.register(mailRoutes, options)
    await app.register(mailSignInRoutes, options)
    await app.register(userRoutes, options)
  },
  render: renderSessionFailure,
  failures,
  unservedPaths,
  description: 'Sessions by cookie or bearer token, compatible with the client of Better Auth',
  credentials: { bearer: true, cookie: 'session' }
}
