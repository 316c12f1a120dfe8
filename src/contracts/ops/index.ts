import type { Contract } from '../../http/contract.js'
import { renderOpsFailure } from './errors.js'
import { opsRoutes } from './routes.js'

export const ops: Contract = {
  routes: opsRoutes,
  render: renderOpsFailure,
  description: 'For operators: is the process alive, can it answer, what does it do',
  credentials: []
}
