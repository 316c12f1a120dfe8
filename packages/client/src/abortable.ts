/** Stops waiting when the signal is aborted; what is waited for goes on for others. */
export function abortable<Result> (work: Promise<Result>, signal: AbortSignal | null | undefined): Promise<Result> {
  if (signal == null) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
