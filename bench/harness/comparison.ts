import type { Sample } from './closed-loop.js'
import { cpuMilliseconds, memoryMiB } from './process-usage.js'
import { settings } from './settings.js'

/** One side of a comparison. */
export interface Subject {
  name: string
  /** The process that does the work. */
  pid: number
  /** The share of Keyturn's rate to this one's that is aimed at; absent for Keyturn and where none is set. */
  aim?: number
  /** Puts it under load for so many seconds. */
  run (seconds: number): Promise<Sample>
}

/** A comparison: Keyturn first, then what it is measured against. */
export interface Comparison {
  title: string
  roundSeconds: number
  subjects: readonly [Subject, ...Subject[]]
}

/** What one subject did in one round. */
export interface Round extends Sample {
  requestsPerSecond: number
  /** Milliseconds of the subject's processor time for a request; `null` where it cannot be told. */
  cpuPerRequest: number | null
  /** The share of a core that this process, which makes the load, was busy. */
  clientBusy: number
}

export interface Measured {
  name: string
  aim?: number
  rounds: Round[]
  memory: ReturnType<typeof memoryMiB>
}

/**
 * Measures the subjects in turn, round after round, in the opposite order every other round: what the machine
 * does besides then touches all of them alike.
 */
export async function compare ({ subjects, roundSeconds }: Comparison): Promise<Measured[]> {
  for (const subject of subjects) await subject.run(settings.warmUpSeconds)
  const measured = subjects.map(({ name, aim }): Measured =>
    ({ name, ...(aim !== undefined && { aim }), rounds: [], memory: null }))

  for (let number = 0; number < settings.rounds; number += 1) {
    const order = [...subjects.entries()]
    if (number % 2 === 1) order.reverse()
    for (const [index, subject] of order) measured[index]?.rounds.push(await oneRound(subject, roundSeconds))
  }
  for (const [index, { pid }] of subjects.entries()) {
    const own = measured[index]
    if (own !== undefined) own.memory = memoryMiB(pid)
  }
  return measured
}

async function oneRound (subject: Subject, seconds: number): Promise<Round> {
  const [cpuBefore, ownBefore] = [cpuMilliseconds(subject.pid), process.cpuUsage()]
  const sample = await subject.run(seconds)
  const [cpuAfter, own] = [cpuMilliseconds(subject.pid), process.cpuUsage(ownBefore)]
  const requests = sample.latencies.length
  return {
    ...sample,
    requestsPerSecond: requests / sample.seconds,
    cpuPerRequest: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / requests,
    clientBusy: (own.user + own.system) / 1e6 / sample.seconds
  }
}
