import type { Core } from '../../core/index.js'
import type { Sample } from '../../core/lib/outcomes.js'

type CoreMetrics = ReturnType<Core['metrics']>

export interface CoreMetric {
  type: 'gauge' | 'counter'
  name: string
  help: string
  labels?: string[]
  /** Its value, or one for each set of labels. */
  read: (metrics: CoreMetrics) => number | Sample[]
}

/** What the core counts, by its names in Prometheus; docs/operations.md says what to do about them. */
export const coreMetrics: CoreMetric[] = [
  {
    type: 'counter',
    name: 'keyturn_sign_ins_total',
    help: 'Attempts to sign in, by how they ended',
    labels: ['contract', 'method', 'outcome', 'reason'],
    read: metrics => metrics.signIns
  },
  {
    type: 'counter',
    name: 'keyturn_refreshes_total',
    help: 'Attempts to refresh, by how they ended',
    labels: ['contract', 'outcome', 'reason'],
    read: metrics => metrics.refreshes
  },
  {
    type: 'counter',
    name: 'keyturn_reuse_detected_total',
    help: 'Sessions that ended because a token was used that had been superseded',
    read: metrics => metrics.reuseDetected
  },
  {
    type: 'counter',
    name: 'keyturn_sessions_begun_total',
    help: 'Sessions that began',
    labels: ['contract'],
    read: metrics => metrics.sessionsBegun
  },
  {
    type: 'counter',
    name: 'keyturn_revocations_total',
    help: 'Ends of a session, and changes of an account or of all its sessions, by this process',
    labels: ['of'],
    read: metrics => metrics.revocations
  },
  {
    type: 'counter',
    name: 'keyturn_sessions_purged_total',
    help: 'Sessions that were over and have been removed',
    read: metrics => metrics.sessionsPurged
  },
  {
    type: 'gauge',
    name: 'keyturn_sign_ins_in_flight',
    help: 'Requests that hash a password or wait to',
    read: metrics => metrics.signInsInFlight
  },
  {
    type: 'gauge',
    name: 'keyturn_hashing_queue_depth',
    help: 'Hashes of passwords that wait for their turn',
    read: metrics => metrics.hashesQueued
  },
  {
    type: 'counter',
    name: 'keyturn_hashing_queue_refused_total',
    help: 'Requests that were refused because too many waited to hash a password',
    read: metrics => metrics.hashingRefused
  },
  {
    type: 'gauge',
    name: 'keyturn_password_hash_kinds',
    help: 'Hashes that an attempt to sign in computes: one, and one of each kind imported',
    read: metrics => metrics.passwordHashKinds
  },
  {
    type: 'gauge',
    name: 'keyturn_validation_cache_tokens',
    help: 'Tokens with a cached validation',
    read: metrics => metrics.cachedTokens
  },
  {
    type: 'counter',
    name: 'keyturn_validation_cache_hits_total',
    help: 'Validations answered from the cache',
    read: metrics => metrics.cacheHits
  },
  {
    type: 'counter',
    name: 'keyturn_validation_cache_misses_total',
    help: 'Validations not in the cache',
    read: metrics => metrics.cacheMisses
  },
  {
    type: 'gauge',
    name: 'keyturn_revocation_feed_up',
    help: '1 while revocations of other processes arrive within a second',
    read: metrics => Number(metrics.isFeedCurrent)
  },
  {
    type: 'gauge',
    name: 'keyturn_feed_lag_seconds',
    help: 'How long the first security event waits that a client has not acknowledged, of clients that poll',
    labels: ['client'],
    read: ({ feedLagSeconds }) => [...feedLagSeconds].map(([client, value]) => ({ labels: { client }, value }))
  },
  {
    type: 'gauge',
    name: 'keyturn_confirmations_pending',
    help: 'Confirmed refreshes not written to the database yet',
    read: metrics => metrics.pendingConfirmations
  },
  {
    type: 'counter',
    name: 'keyturn_refresh_fast_forwards_total',
    help: 'Tokens that were ahead of their session, as after a failover',
    read: metrics => metrics.fastForwards
  },
  {
    type: 'gauge',
    name: 'keyturn_database_connections_in_use',
    help: 'Connections to the database with a statement under way',
    read: metrics => metrics.connectionsInUse
  },
  {
    type: 'gauge',
    name: 'keyturn_database_statements_waiting',
    help: 'Statements that wait behind those',
    read: metrics => metrics.statementsWaiting
  },
  {
    type: 'counter',
    name: 'keyturn_database_deadlines_missed_total',
    help: 'Statements that the database did not answer in time',
    read: metrics => metrics.deadlinesMissed
  },
  {
    type: 'gauge',
    name: 'keyturn_signing_key_age_seconds',
    help: 'How long the key that signs has; 0 with JWT_SECRET',
    read: metrics => metrics.signingKeyAge
  },
  {
    type: 'gauge',
    name: 'keyturn_mail_queued',
    help: 'Mails that wait to be sent, when the outbox was last looked at',
    read: metrics => metrics.mailsQueued
  },
  {
    type: 'gauge',
    name: 'keyturn_mail_oldest_seconds',
    help: 'How long the oldest of them has waited',
    read: metrics => metrics.oldestMailSeconds
  },
  {
    type: 'counter',
    name: 'keyturn_mail_sent_total',
    help: 'Mails that the SMTP server took',
    read: metrics => metrics.mailsSent
  },
  {
    type: 'counter',
    name: 'keyturn_mail_failed_total',
    help: 'Mails that were given up',
    read: metrics => metrics.mailsFailed
  },
  {
    type: 'gauge',
    name: 'keyturn_webhooks_queued',
    help: 'Events that wait to be delivered to webhooks, when they were last looked at',
    read: metrics => metrics.webhooksQueued
  },
  {
    type: 'gauge',
    name: 'keyturn_webhooks_oldest_seconds',
    help: 'How long the oldest of them has waited',
    read: metrics => metrics.oldestWebhookSeconds
  },
  {
    type: 'counter',
    name: 'keyturn_webhooks_delivered_total',
    help: 'Events that a receiver took',
    read: metrics => metrics.webhooksDelivered
  },
  {
    type: 'counter',
    name: 'keyturn_webhooks_failed_total',
    help: 'Attempts that a receiver did not take',
    read: metrics => metrics.webhooksFailed
  }
]
