export interface PeriodicOptions {
  /** Milliseconds from the end of a run to the next; `null` when only a wake-up starts one. */
  intervalMs: number | null
  /** Milliseconds from a wake-up to the run it starts; further wake-ups until then join it. */
  wakeDelayMs?: number
  /** Receives the error of a failed run; the next run still takes place. */
  onError: (error: unknown) => void
}

/** Runs a job periodically, one run at a time, without keeping the process alive for it. */
export function createPeriodic (run: () => Promise<unknown>, options: PeriodicOptions) {
  const { intervalMs, wakeDelayMs = 0, onError } = options
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  let isRunning = false
  let isWoken = false
  let isStopped = true

  function schedule (delayMs: number | null): void {
    clearTimeout(timer)
    if (isStopped || delayMs === null) return
    timer = setTimeout(() => {
      isRunning = true
      isWoken = false
      round = run().then(() => {}, onError).then(() => {
        isRunning = false
        schedule(isWoken ? wakeDelayMs : intervalMs)
      })
    }, delayMs).unref()
  }

  /** @param firstDelayMs milliseconds until the first run; the interval unless given */
  function start (firstDelayMs = intervalMs): void {
    if (!isStopped) return
    isStopped = false
    schedule(firstDelayMs)
  }

  /** Requests a run soon; one under way may have missed the reason, so another follows it. */
  function wake (): void {
    if (isWoken) return
    isWoken = true
    if (!isRunning) schedule(wakeDelayMs)
  }

  /** Waits for the run under way. */
  async function stop (): Promise<void> {
    isStopped = true
    clearTimeout(timer)
    await round
  }

  return { start, wake, stop }
}

export interface PeriodicJobsNeeds {
  /** What a round does, in this order; a failed one does not prevent the next. */
  jobs: ReadonlyArray<() => Promise<unknown>>
  /** Milliseconds from the end of a round to the next. */
  intervalMs: number
  onError: (error: unknown) => void
}

/** Runs a list of jobs periodically. */
export function createPeriodicJobs ({ jobs, intervalMs, onError }: PeriodicJobsNeeds) {
  return createPeriodic(async () => {
    for (const job of jobs) await job().catch(onError)
  }, { intervalMs, onError })
}
