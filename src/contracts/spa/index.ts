import type { Contract } from '../../http/contract.js'
import { renderSpaFailure } from './errors.js'
import { spaRoutes } from './routes.js'
import { failures } from './schemas.js'

export const spa: Contract = {
  routes: spaRoutes,
  render: renderSpaFailure,
  failures,
  description: 'Accounts for a single-page application',
  credentials: { bearer: true }
}
