import type { Contract } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { authRoutes } from './auth-routes.js'
import { renderTasksFailure } from './errors.js'
import { failures } from './schemas.js'
import { taskRoutes } from './task-routes.js'

export const tasks: Contract = {
  async routes (app, options) {
    app.addHook('onRequest', noStore)
    await app.register(authRoutes, options)
    await app.register(taskRoutes, options)
  },
  render: renderTasksFailure,
  failures,
  description: 'Accounts and their tasks, by cookie or bearer token',
  credentials: { bearer: true, cookie: 'auth_token' }
}
