import type { Measured } from '../harness/comparison.js'
import type { Chart } from './results.js'

/** Beyond this, a linear scale shows nothing of the smaller one. */
const farApart = 10

/** The processor time of a request, a bar for each subject. */
export function comparisonChart (title: string, measured: readonly Measured[]): Chart {
  const values = measured.map(({ cpuPerRequest }) => cpuPerRequest)
  const known = values.filter(value => value !== null)
  return {
    name: (/^[\w-]+(?: exchange| verification)?/.exec(title)?.[0] ?? 'comparison').replaceAll(' ', '-'),
    title: `${title}: processor time of the server`,
    unit: 'ms a request',
    kind: 'bar',
    categories: measured.map(({ name }) => name),
    series: [{ name: 'CPU ms/request', values }],
    logarithmic: Math.max(...known) / Math.min(...known) > farApart
  }
}
