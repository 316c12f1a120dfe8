import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Core } from '../../core/index.js'

/** Metrics of this process in the text format of Prometheus; each is read when it is scraped. */
export function createMetrics (core: Core): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({ name, help, registers: [registry], collect () { this.set(read()) } })
  const counter = (name: string, help: string, read: () => number) => new Counter({
    name,
    help,
    registers: [registry],
    collect () {
      this.reset()
      this.inc(read())
    }
  })

  gauge('keyturn_validation_cache_tokens', 'Tokens with a cached validation', () => core.metrics().cachedTokens)
  counter('keyturn_validation_cache_hits_total', 'Validations answered from the cache', () => core.metrics().cacheHits)
  counter('keyturn_validation_cache_misses_total', 'Validations not in the cache', () => core.metrics().cacheMisses)
  gauge('keyturn_revocation_feed_up', '1 while revocations of other processes arrive within a second',
    () => Number(core.metrics().isFeedCurrent))
  registry.registerMetric(new Gauge({
    name: 'keyturn_feed_lag_seconds',
    help: 'How long the first security event waits that a client has not acknowledged, of clients that poll',
    labelNames: ['client'],
    registers: [],
    collect () {
      this.reset()
      for (const [client, seconds] of core.metrics().feedLagSeconds) this.set({ client }, seconds)
    }
  }))
  gauge('keyturn_confirmations_pending', 'Confirmed refreshes not written to the database yet',
    () => core.metrics().pendingConfirmations)
  counter('keyturn_refresh_fast_forwards_total', 'Tokens that were ahead of their session, as after a failover',
    () => core.metrics().fastForwards)
  gauge('keyturn_sign_ins_in_flight', 'Requests that hash a password or wait to', () => core.metrics().signInsInFlight)
  gauge('keyturn_password_hash_kinds', 'Hashes that an attempt to sign in computes: one, and one of each kind imported',
    () => core.metrics().passwordHashKinds)
  gauge('keyturn_mail_queued', 'Mails that wait to be sent, when the outbox was last looked at',
    () => core.metrics().mailsQueued)
  gauge('keyturn_mail_oldest_seconds', 'How long the oldest of them has waited', () => core.metrics().oldestMailSeconds)
  counter('keyturn_mail_sent_total', 'Mails that the SMTP server took', () => core.metrics().mailsSent)
  counter('keyturn_mail_failed_total', 'Mails that were given up', () => core.metrics().mailsFailed)
  gauge('keyturn_webhooks_queued', 'Events that wait to be delivered to webhooks, when they were last looked at',
    () => core.metrics().webhooksQueued)
  gauge('keyturn_webhooks_oldest_seconds', 'How long the oldest of them has waited',
    () => core.metrics().oldestWebhookSeconds)
  counter('keyturn_webhooks_delivered_total', 'Events that a receiver took', () => core.metrics().webhooksDelivered)
  counter('keyturn_webhooks_failed_total', 'Attempts that a receiver did not take', () => core.metrics().webhooksFailed)
  return registry
}
