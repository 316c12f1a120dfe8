import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Which cores the measured process gets and which the rest, or that they share all of them. */
export interface Cores {
  /** As `taskset` takes it, such as `0,1`; `null` where processes cannot be pinned. */
  server: string | null
  others: string | null
  /** Both, for processes that are not to be kept apart. */
  all: string | null
  /** How many the measured process may use. */
  serverCount: number
}

/**
 * Halves the cores this process may use. The measured process runs alone on its half; Postgres and the load
 * inherit the other half from this process, which is moved there.
 */
export function divideCores (): Cores {
  const unpinned = { server: null, others: null, all: null, serverCount: availableParallelism() }
  const allowed = allowedCores()
  const half = Math.floor(allowed.length / 2)
  if (half === 0) return unpinned
  const [server, others] = [allowed.slice(0, half).join(), allowed.slice(half).join()]
  try {
    execFileSync('taskset', ['-a', '-c', '-p', others, String(process.pid)], { stdio: 'ignore' })
  } catch {
    return unpinned
  }
  return { server, others, all: allowed.join(), serverCount: half }
}

/** What the kernel lets this process run on, such as `0-3,8`; nothing where it does not say. */
function allowedCores (): number[] {
  let status: string
  try {
    status = readFileSync('/proc/self/status', 'utf8')
  } catch {
    return []
  }
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? ''
  return list.split(',').flatMap(range => {
    const [first = NaN, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
