import { readFile, writeFile } from 'node:fs/promises'
import type { Measured, Round } from '../harness/comparison.js'
import { busiestClient } from '../harness/settings.js'
import { median, quantile } from '../harness/statistics.js'

const readme = new URL('../README.md', import.meta.url)
const marks = { start: '<!-- figures: written by npm run bench -- --write -->', end: '<!-- end of figures -->' }

const columns = [
  '', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms/request', 'load\'s CPU', 'Keyturn\'s rate to it (all rounds)', 'aim'
]

/** A comparison as a Markdown table: a row for each subject, Keyturn first, then the limits with Keyturn's ratio. */
export function table (title: string, measured: readonly Measured[]): string {
  const [keyturn] = measured
  const rows = measured.map(subject =>
    [...figures(subject), ...(subject === keyturn ? ['', ''] : ratio(keyturn, subject))])
  const lines = [columns, columns.map((_, index) => index === 0 ? '---' : '---:'), ...rows]
    .map(cells => `| ${cells.join(' | ')} |`)
  return [`### ${title}`, '', ...lines, '', ...remarks(measured)].join('\n')
}

function figures ({ name, rounds }: Measured): string[] {
  const latencies = rounds.flatMap(({ latencies }) => [...latencies])
  const cpu = rounds.map(({ cpuPerRequest }) => cpuPerRequest).filter(value => value !== null)
  return [
    name,
    Math.round(medianOf(rounds, 'requestsPerSecond')).toLocaleString('en'),
    quantile(latencies, 0.5).toFixed(2),
    quantile(latencies, 0.99).toFixed(2),
    cpu.length === 0 ? 'no /proc' : median(cpu).toFixed(3),
    `${Math.round(medianOf(rounds, 'clientBusy') * 100)} %`
  ]
}

/** Rounds are compared one by one, since the two halves of a round saw the same machine. */
function ratio (keyturn: Measured | undefined, { rounds, aim }: Measured): string[] {
  const ratios = rounds.map(({ requestsPerSecond }, index) =>
    (keyturn?.rounds[index]?.requestsPerSecond ?? NaN) / requestsPerSecond)
  const middle = median(ratios)
  const [lowest, highest] = [Math.min(...ratios), Math.max(...ratios)].map(value => value.toFixed(2))
  const verdict = aim === undefined ? '' : `${aim.toFixed(2)} ${middle >= aim ? 'met' : '**missed**'}`
  return [`**${middle.toFixed(2)}** (${lowest} to ${highest})`, verdict]
}

function remarks (measured: readonly Measured[]): string[] {
  const memory = measured[0]?.memory ?? null
  const tooBusy = measured.filter(({ rounds }) => medianOf(rounds, 'clientBusy') > busiestClient)
  return [
    memory === null
      ? 'Memory cannot be told without /proc.'
      : `Keyturn's memory (RSS) after it: ${Math.round(memory.now)} MiB; at its highest so far: ` +
        `${Math.round(memory.highest)} MiB.`,
    ...tooBusy.map(({ name }) => `\n**The load was too busy to trust the figure of "${name}": it may be too low.**`)
  ]
}

function medianOf (rounds: readonly Round[], member: 'requestsPerSecond' | 'clientBusy'): number {
  return median(rounds.map(round => round[member]))
}

/** Replaces the figures in bench/README.md. @throws when its marks are gone */
export async function writeFigures (markdown: string): Promise<void> {
  const text = await readFile(readme, 'utf8')
  const [before, rest] = text.split(marks.start)
  const after = rest?.split(marks.end)[1]
  if (before === undefined || after === undefined) throw new Error(`bench/README.md has lost the mark ${marks.start}`)
  await writeFile(readme, `${before}${marks.start}\n${markdown}\n${marks.end}${after}`)
}
