/** Stops waiting when the signal is aborted; what is waited for goes on for others. */
export async function abortable<Result> (
  work: Promise<Result>, signal: AbortSignal | null | undefined
): Promise<Result> {
  if (signal == null) return work
  work.catch(() => {})
  signal.throwIfAborted()
  let abort = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort)
  })
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort))
}
