import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Core } from '../../core/index.js'

/** Metrics of this process in the text format of Prometheus; each is read when it is asked for. */
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

  gauge('keyturn_validation_cache_tokens', 'Tokens whose answer is remembered', () => core.stats().cachedTokens)
  counter('keyturn_validation_cache_hits_total', 'Checks answered from memory', () => core.stats().cacheHits)
  counter('keyturn_validation_cache_misses_total', 'Checks that had to be looked up', () => core.stats().cacheMisses)
  gauge('keyturn_revocation_feed_heard', '1 while other processes are heard', () => Number(core.stats().isFeedCurrent))
  gauge('keyturn_confirmations_pending', 'Refreshes seen to have arrived, not written yet',
    () => core.stats().pendingConfirmations)
  gauge('keyturn_sign_ins_inside', 'Requests that hash, or wait to', () => core.stats().signInsInside)
  return registry
}
