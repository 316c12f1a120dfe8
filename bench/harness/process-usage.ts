import { readFileSync } from 'node:fs'

/** The kernel's unit of process times: USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Milliseconds of processor time of all threads of a process since its start; `null` where /proc is missing. */
export function cpuMilliseconds (pid: number): number | null {
  const stat = readProcess(pid, 'stat')
  if (stat === null) return null
  // The second field is a name in parentheses that may hold spaces; utime and stime are the 14th and 15th.
  const [utime, stime] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number)
  return ((utime ?? 0) + (stime ?? 0)) * 1000 / ticksPerSecond
}

/** Resident memory of a process in MiB, now and at its highest; `null` where /proc is missing. */
export function memoryMiB (pid: number): { now: number, highest: number } | null {
  const status = readProcess(pid, 'status')
  if (status === null) return null
  const read = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
  return { now: read('VmRSS'), highest: read('VmHWM') }
}

function readProcess (pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}
