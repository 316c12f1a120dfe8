import type { Contract } from '../../http/contract.js'
import { renderWebFailure } from './errors.js'
import { webRoutes } from './routes.js'
import { failures } from './schemas.js'

export const web: Contract = {
  routes: webRoutes,
  render: renderWebFailure,
  failures,
  description: 'Sign-in by cookie for a web application',
  credentials: { bearer: true, cookie: 'token' }
}
