import { ratio, type Measured } from '../harness/comparison.js'
import type { Bar } from './results.js'

/** At most so many times the processor time a request of the other. */
export function cpuBar (what: string, most: number, of: Measured, to: Measured): Bar {
  const value = ratio(of, to, 'cpuPerRequest').median
  return { what, aim: `at most ${shown(most)}`, value, unit: '', met: value <= most }
}

/** At least so many times the other's requests in a second. */
export function rateBar (what: string, least: number, of: Measured, to: Measured): Bar {
  const value = ratio(of, to, 'requestsPerSecond').median
  return { what, aim: `at least ${shown(least)}`, value, unit: '', met: value >= least }
}

/** At most so much of a unit. */
export function mostBar (what: string, most: number, unit: string, value: number): Bar {
  return { what, aim: `at most ${most} ${unit}`.trim(), value, unit, met: value <= most }
}

function shown (share: number): string {
  return share < 0.1 ? `1/${Math.round(1 / share)}` : String(share)
}
