import type { Contract } from '../../http/contract.js'
import { renderSpaFailure } from './errors.js'
import { spaRoutes } from './routes.js'

export const spa: Contract = {
  routes: spaRoutes,
  render: renderSpaFailure,
  description: 'Accounts for a single-page application',
  credentials: ['bearer']
}
