import type { Sample } from './closed-loop.js'
import { cpuMilliseconds, memoryMiB } from './process-usage.js'
import { settings } from './settings.js'
import { median, quantile } from './statistics.js'

/** One side of a comparison. */
export interface Subject {
  name: string
  /** The processes that do the work. */
  pids: number[]
  /** Puts it under load for so many seconds. */
  run (seconds: number): Promise<Sample>
}

/** How long and how often each subject is measured. */
export interface Rounds {
  rounds: number
  roundSeconds: number
}

/** What one subject did in one round. */
export interface Round extends Sample {
  requestsPerSecond: number
  /** Milliseconds of the subject's processor time for a request; `null` where it cannot be told. */
  cpuPerRequest: number | null
  /** The share of a core that this process, which makes the load, was busy. */
  clientBusy: number
}

/** What one subject did in all rounds: medians, milliseconds, MiB after the last one. */
export interface Measured {
  name: string
  rounds: Round[]
  requestsPerSecond: number
  p50: number
  p99: number
  cpuPerRequest: number | null
  memory: number | null
  clientBusy: number
}

/**
 * Measures the subjects in turn, round after round, in the opposite order every other round: what the machine
 * does besides then touches all of them alike.
 */
export async function compare (
  subjects: readonly Subject[], { rounds, roundSeconds }: Rounds = settings
): Promise<Measured[]> {
  for (const subject of subjects) await subject.run(settings.warmUpSeconds)
  const done = new Map(subjects.map((subject): [Subject, Round[]] => [subject, []]))
  for (let number = 0; number < rounds; number += 1) {
    for (const subject of number % 2 === 1 ? [...subjects].reverse() : subjects) {
      done.get(subject)?.push(await oneRound(subject, roundSeconds))
    }
  }
  return Array.from(done, ([{ name, pids }, rounds]) => summary(name, rounds, memoryMiB(...pids)))
}

/** What several processes of one program did in all their rounds; the memory is the first one's. */
export function pooled ([first, ...others]: readonly Measured[]): Measured {
  if (first === undefined) throw new Error('nothing was measured')
  return summary(first.name, [first, ...others].flatMap(({ rounds }) => rounds), first.memory)
}

async function oneRound (subject: Subject, seconds: number): Promise<Round> {
  const [cpuBefore, ownBefore] = [cpuMilliseconds(...subject.pids), process.cpuUsage()]
  const sample = await subject.run(seconds)
  const [cpuAfter, own] = [cpuMilliseconds(...subject.pids), process.cpuUsage(ownBefore)]
  const requests = sample.latencies.length
  return {
    ...sample,
    requestsPerSecond: requests / sample.seconds,
    cpuPerRequest: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / requests,
    clientBusy: (own.user + own.system) / 1e6 / sample.seconds
  }
}

function summary (name: string, rounds: Round[], memory: number | null): Measured {
  const latencies = rounds.flatMap(({ latencies }) => [...latencies])
  const cpu = rounds.map(({ cpuPerRequest }) => cpuPerRequest).filter(value => value !== null)
  return {
    name,
    rounds,
    requestsPerSecond: median(rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpuPerRequest: cpu.length === 0 ? null : median(cpu),
    memory,
    clientBusy: median(rounds.map(({ clientBusy }) => clientBusy))
  }
}

/**
 * The first subject's figure divided by the second's. Rounds are compared one by one, since the two halves of a round
 * saw the same machine.
 */
export function ratio (
  of: Measured, to: Measured, figure: 'requestsPerSecond' | 'cpuPerRequest'
): { median: number, lowest: number, highest: number } {
  const ratios = of.rounds.map((round, index) => (round[figure] ?? NaN) / (to.rounds[index]?.[figure] ?? NaN))
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) }
}
