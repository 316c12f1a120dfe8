import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from '@sinclair/typebox'
import type { Sample } from '../../core/lib/outcomes.js'
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

const Outcomes = Type.Object({ succeeded: Count, refused: Count, failed: Count }, {
  title: 'Outcomes', description: '`failed` is for what was wrong here, `refused` for what was wrong with the request'
})

const ActivityView = Type.Object({
  startedAt: { ...Timestamp, description: 'When the process that answers began' },
  uptime: Type.Number({ description: 'Seconds since then' }),
  signIns: Outcomes,
  refreshes: Outcomes,
  reuseDetected: { ...Count, description: 'Sessions that ended since a superseded token was used' },
  hashesQueued: { ...Count, description: 'Hashes of passwords that wait for their turn' },
  hashingRefused: { ...Count, description: 'Requests that were refused since too many waited' }
}, { title: 'Activity' })

const Activity = dataOf('ActivityResponse', ActivityView, 'What the process has done', {
  startedAt: '2026-01-12T10:30:00Z',
  uptime: 86_400.5,
  signIns: { succeeded: 9_214, refused: 310, failed: 0 },
  refreshes: { succeeded: 120_033, refused: 41, failed: 2 },
  reuseDetected: 1,
  hashesQueued: 0,
  hashingRefused: 0
})

const msPerSecond = 1_000

function countOutcomes (samples: readonly Sample[]): Static<typeof Outcomes> {
  const counts = { succeeded: 0, refused: 0, failed: 0 }
  for (const { labels, value } of samples) counts[labels.outcome as keyof typeof counts] += value
  return counts
}

/** How much there is of what operators look after. */
export const statisticsRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core, guard, now }) => {
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

  const startedAt = now()

  app.get('/admin/activity', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminActivity',
      summary: 'What the process does',
      description: 'Counts since the process began that answers; each instance has its own. `GET /metrics` of ' +
        'contract `ops` has them by contract and reason.',
      response: { 200: Activity, ...failures(...operatorFailures) }
    },
    onRequest: guard.requires('admin:read')
  }, async () => {
    const { signIns, refreshes, reuseDetected, hashesQueued, hashingRefused } = core.metrics()
    return {
      success: true as const,
      data: {
        startedAt: toWholeSeconds(startedAt),
        uptime: (now() - startedAt) / msPerSecond,
        signIns: countOutcomes(signIns),
        refreshes: countOutcomes(refreshes),
        reuseDetected,
        hashesQueued,
        hashingRefused
      }
    }
  })
}
