import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Core } from '../../core/index.js'
import type { Sample } from '../../core/lib/outcomes.js'
import { version } from '../../version.js'
import { coreMetrics } from './core-metrics.js'

/** Seconds that a hash waits: not at all, while others are computed, and until people give up. */
const waitBuckets = [0.01, 0.1, 0.5, 2, 10]

const toSamples = (read: number | Sample[]): Sample[] =>
  typeof read === 'number' ? [{ labels: {}, value: read }] : read

/** Metrics of this process in the text format of Prometheus, read when they are asked for. */
export function createMetrics (core: Core) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  new Gauge({
    name: 'keyturn_build_info', help: 'Always 1; its labels say what runs', labelNames: ['version', 'node'], registers
  }).set({ version, node: process.version }, 1)

  const waits = new Histogram({
    name: 'keyturn_hashing_queue_wait_seconds',
    help: 'How long hashes of passwords waited for their turn',
    buckets: waitBuckets,
    registers
  })
  core.passwords.onWaited(seconds => waits.observe(seconds))

  const metrics = coreMetrics.map(({ type, name, help, labels: labelNames = [], read }) => {
    const options = { name, help, labelNames, registers }
    return { metric: type === 'gauge' ? new Gauge(options) : new Counter(options), read }
  })

  return {
    contentType: registry.contentType,

    async text (): Promise<string> {
      const now = core.metrics()
      for (const { metric, read } of metrics) {
        metric.reset()
        for (const { labels, value } of toSamples(read(now))) metric.inc(labels, value)
      }
      return registry.metrics()
    }
  }
}
