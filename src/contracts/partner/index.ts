import type { Contract } from '../../http/contract.js'
import { renderPartnerFailure } from './errors.js'
import { failures } from './schemas.js'
import { tokenRoutes } from './token-routes.js'
import { validateRoute } from './validate-route.js'

export const partner: Contract = {
  async routes (app, options) {
    await app.register(tokenRoutes, options)
    await app.register(validateRoute, options)
  },
  render: renderPartnerFailure,
  failures,
  description: 'Sign-in, token validation and token refresh for partner services',
  credentials: {}
}
