import { readFileSync } from 'node:fs'

/** The kernel's unit of process times: USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Milliseconds of processor time of all threads of some processes since their start; `null` where /proc is missing. */
export function cpuMilliseconds (...pids: number[]): number | null {
  const times = pids.map(cpuOf)
  return times.every(time => time !== null) ? times.reduce((sum, time) => sum + time, 0) : null
}

function cpuOf (pid: number): number | null {
  const stat = readProcess(pid, 'stat')
  if (stat === null) return null
  // The second field is a name in parentheses that may hold spaces; utime and stime are the 14th and 15th.
  const [utime, stime] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number)
  return ((utime ?? 0) + (stime ?? 0)) * 1000 / ticksPerSecond
}

/** Resident memory of some processes together, in MiB; `null` where /proc is missing. */
export function memoryMiB (...pids: number[]): number | null {
  const sizes = pids.map(pid => /^VmRSS:\s*(\d+) kB$/m.exec(readProcess(pid, 'status') ?? '')?.[1])
  return sizes.every(size => size !== undefined) ? sizes.reduce((sum, size) => sum + Number(size) / 1024, 0) : null
}

function readProcess (pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}
