import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { dataOf, Timestamp } from '../../http/schemas.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import { forScope, operatorFailures, type AdminOptions } from './operator.js'
import { failures } from './schemas.js'

const Count = Type.Integer({ minimum: 0 })

const Statistics = dataOf('StatisticsResponse', Type.Object({
  asOf: Timestamp,
  accounts: Count,
  sessions: { ...Count, description: 'Live ones' },
  auditEvents: Count,
  mailsWaiting: Count,
  clients: Count
}), 'How much there is', {
  asOf: '2026-01-12T10:30:00Z', accounts: 48_210, sessions: 91_355, auditEvents: 1_204_011, mailsWaiting: 0, clients: 3
})

/** How much there is of what operators look after. */
export const statisticsRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core, guard }) => {
  app.get('/admin/stats', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminStatistics',
      summary: 'How much there is',
      description: 'Counts up to 10,000 of a kind; more are as many as the database estimates. Nothing is older than ' +
        'ten seconds.',
      response: { 200: Statistics, ...failures(...operatorFailures) }
    },
    onRequest: guard.requires('admin:read')
  }, async () => {
    const { asOf, ...counts } = await core.operators.statistics()
    return { success: true as const, data: { asOf: toWholeSeconds(asOf), ...counts } }
  })
}
