export interface PeriodicJobsNeeds {
  /** What is done in each round, in this order. */
  jobs: ReadonlyArray<() => Promise<unknown>>
  /** Milliseconds from the end of a round to the next. */
  intervalMs: number
  /** Told of a chore that failed; the next round tries it again. */
  onError: (error: unknown) => void
}

/** Does what has to be done from time to time, one round after the other, until it is stopped. */
export function createPeriodicJobs ({ jobs, intervalMs, onError }: PeriodicJobsNeeds) {
  let timer: NodeJS.Timeout | null = null
  let round: Promise<void> = Promise.resolve()

  async function doChores (): Promise<void> {
    for (const chore of jobs) await chore().catch(onError)
  }

  function schedule (): void {
    timer = setTimeout(() => {
      round = doChores().finally(() => { if (timer !== null) schedule() })
    }, intervalMs).unref()
  }

  return {
    start (): void {
      if (timer === null) schedule()
    },

    /** Waits for the round under way. */
    async stop (): Promise<void> {
      if (timer !== null) clearTimeout(timer)
      timer = null
      await round
    }
  }
}
