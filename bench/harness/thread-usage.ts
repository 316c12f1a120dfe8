import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of processor time of a process's threads. */
export interface ThreadTimes {
  /** The thread that runs the program. */
  main: number
  /** Those of the lowest priority: in Keyturn, the ones that hash. */
  lowest: number
  /** All others, such as V8's own, which compile and collect. */
  others: number
}

const millisecondsPerTick = 10
const lowestPriority = 19

/** What the threads of a process have taken since its start; only where there is /proc. */
export function threadTimes (pid: number): ThreadTimes {
  const times: ThreadTimes = { main: 0, lowest: 0, others: 0 }
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
    // The second field is a name in parentheses that may hold spaces; these are the 14th, 15th and 19th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number)
    const [utime = 0, stime = 0, nice] = [fields[11], fields[12], fields[16]]
    const kind = thread === String(pid) ? 'main' : nice === lowestPriority ? 'lowest' : 'others'
    times[kind] += (utime + stime) * millisecondsPerTick
  }
  return times
}
