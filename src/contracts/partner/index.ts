import type { Contract } from '../../http/contract.js'
import { renderPartnerFailure } from './errors.js'
import { partnerRoutes } from './routes.js'

export const partner: Contract = {
  routes: partnerRoutes,
  render: renderPartnerFailure,
  description: 'Sign-in, token checks and refresh for partner services such as SeshTracker',
  credentials: []
}
