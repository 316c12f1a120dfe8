import type { Contract } from '../../http/contract.js'
import { noStore } from '../../http/no-store.js'
import { accountActionRoutes } from './account-action-routes.js'
import { accountRoutes } from './account-routes.js'
import { auditRoutes } from './audit-routes.js'
import { clientChangeRoutes } from './client-change-routes.js'
import { clientRoutes } from './client-routes.js'
import { consoleRoutes } from './console-routes.js'
import { renderAdminFailure } from './errors.js'
import { answerOnce } from './idempotent-requests.js'
import { importRoutes } from './import-routes.js'
import { keyRoutes } from './key-routes.js'
import { operatorGuard } from './operator.js'
import { failures } from './schemas.js'
import { statisticsRoutes } from './statistics-routes.js'
import { webhookRoutes } from './webhook-routes.js'

export const admin: Contract = {
  async routes (app, options) {
    const withGuard = { ...options, guard: operatorGuard(options) }
    app.addHook('onRequest', noStore)
    answerOnce(app, withGuard)
    await app.register(accountRoutes, withGuard)
    await app.register(accountActionRoutes, withGuard)
    await app.register(auditRoutes, withGuard)
    await app.register(consoleRoutes, withGuard)
    await app.register(clientRoutes, withGuard)
    await app.register(clientChangeRoutes, withGuard)
    await app.register(importRoutes, withGuard)
    await app.register(keyRoutes, withGuard)
    await app.register(statisticsRoutes, withGuard)
    await app.register(webhookRoutes, withGuard)
  },
  render: renderAdminFailure,
  failures,
  unservedPaths: /^\/admin(?=[/?]|$)/,
  description: 'What operators do: accounts and their sessions, imports, the audit log, clients, keys and webhooks',
  credentials: { operator: true }
}
