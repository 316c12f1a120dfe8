import type { Contract } from '../../http/contract.js'
import { renderOpsFailure } from './errors.js'
import { opsRoutes } from './routes.js'
import { failures } from './schemas.js'

export const ops: Contract = {
  routes: opsRoutes,
  render: renderOpsFailure,
  failures,
  description: 'Liveness, readiness and metrics for operators',
  credentials: {}
}
