import type { Contract } from '../../http/contract.js'
import { renderWebFailure } from './errors.js'
import { webRoutes } from './routes.js'

export const web: Contract = {
  routes: webRoutes,
  render: renderWebFailure,
  description: 'Sign-in by cookie for a web application',
  credentials: ['bearer', 'cookie token']
}
