import type { Profiler } from 'node:inspector'

export interface Recorded {
  profile: Profiler.Profile
  requests: number
}

const shown = 25
const idle = '(idle)'

/** The functions a request spends most in by themselves, in microseconds, beside what the other program spends. */
export function selfTimes (own: Recorded, other: Recorded): string {
  const [times, otherTimes] = [timesOf(own), timesOf(other)]
  const rows = [...times].filter(([name]) => name !== idle).sort(([, a], [, b]) => b - a).slice(0, shown)
  const busy = (of: Map<string, number>) =>
    [...of].reduce((sum, [name, time]) => name === idle ? sum : sum + time, 0)
  return [
    '| function | µs a request | bare route |',
    '| --- | ---: | ---: |',
    `| **all** | ${busy(times).toFixed(1)} | ${busy(otherTimes).toFixed(1)} |`,
    ...rows.map(([name, time]) => `| ${name} | ${time.toFixed(2)} | ${(otherTimes.get(name) ?? 0).toFixed(2)} |`)
  ].join('\n')
}

function timesOf ({ profile: { nodes, samples = [], timeDeltas = [] }, requests }: Recorded): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? ''
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0) / requests)
  }
  return times
}

/** The function and its file, from the package or the folder on. */
export function nameOf ({ functionName, url }: Profiler.Profile['nodes'][number]['callFrame']): string {
  const file = /(?:node_modules|dist)\/(.+)$/.exec(url)?.[1] ?? url
  return [functionName === '' ? '(anonymous)' : functionName, file].filter(part => part !== '').join(' ')
}
