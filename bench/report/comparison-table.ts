import { ratio, type Measured } from '../harness/comparison.js'
import { busiestClient } from '../harness/settings.js'
import type { Part, Table } from './results.js'

const figures = ['requests/s', 'p50 ms', 'p99 ms', 'CPU ms/request', 'requests/s per core', 'memory MiB'] as const

/** The figures of each subject, a row for each. */
export function figuresTable (measured: readonly Measured[]): Table {
  return { columns: ['', ...figures], rows: measured.map(subject => [subject.name, ...figuresOf(subject)]) }
}

/** The same, and how the first one compares with each of the others. */
export function comparisonTable (measured: readonly Measured[]): Table {
  const [first] = measured
  if (first === undefined || measured.length === 1) return figuresTable(measured)
  return {
    columns: ['', ...figures, `${first.name}'s rate to it (all rounds)`, 'CPU to its'],
    rows: measured.map(subject => [
      subject.name,
      ...figuresOf(subject),
      ...subject === first ? [null, null] : [spread(first, subject), ratio(first, subject, 'cpuPerRequest').median]
    ])
  }
}

/** Whose figures cannot be trusted, since the load was busier than they were. */
export function remarksOn (measured: readonly Measured[]): Part['remarks'] {
  return measured.filter(({ clientBusy }) => clientBusy > busiestClient)
    .map(({ name }) => `**The load was too busy to trust the figure of "${name}": it may be too low.**`)
}

function figuresOf ({ requestsPerSecond, p50, p99, cpuPerRequest, memory }: Measured): Array<number | null> {
  const perCore = cpuPerRequest === null ? null : 1000 / cpuPerRequest
  return [requestsPerSecond, p50, p99, cpuPerRequest, perCore, memory === null ? null : Math.round(memory)]
}

function spread (first: Measured, subject: Measured): string {
  const { median, lowest, highest } = ratio(first, subject, 'requestsPerSecond')
  const [middle, ...ends] = [median, lowest, highest].map(value => value.toPrecision(2))
  return `**${middle}** (${ends.join(' to ')})`
}
