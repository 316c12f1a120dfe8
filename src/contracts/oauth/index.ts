import type { Contract } from '../../http/contract.js'
import { renderOauthFailure } from './errors.js'
import { wellKnownRoutes } from './well-known-routes.js'

export const oauth: Contract = {
  routes: wellKnownRoutes,
  render: renderOauthFailure,
  description: 'For partner services that speak OAuth 2.0',
  credentials: []
}
