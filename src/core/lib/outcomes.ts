import { AuthError } from '../errors.js'

/** A number that a metric has for these labels; their values are few and known, never what a client sent. */
export interface Sample {
  labels: Record<string, string>
  value: number
}

/** The codes of errors that say nothing of the request: it may succeed when it is sent again. */
const failureCodes: ReadonlySet<string> = new Set(['unavailable', 'overloaded', 'mail_unavailable'])

export type Outcomes<Labels extends Record<string, string>> = ReturnType<typeof createOutcomes<Labels>>

/**
 * Counts how requests of one kind end: `succeeded`, `refused` for what was wrong with them, or `failed` for what was
 * wrong here. The reason is that of the error, or its code; a success has none.
 */
export function createOutcomes<Labels extends Record<string, string>> () {
  const samples = new Map<string, Sample>()

  function add (labels: Labels, outcome: string, reason: string): void {
    const key = [...Object.values(labels), outcome, reason].join(' ')
    const sample = samples.get(key)
    if (sample === undefined) samples.set(key, { labels: { ...labels, outcome, reason }, value: 1 })
    else sample.value += 1
  }

  return {
    /** Does the work and counts how it ends. @throws what the work throws */
    async of<Result> (labels: Labels, work: () => Promise<Result>): Promise<Result> {
      try {
        const result = await work()
        add(labels, 'succeeded', '')
        return result
      } catch (error) {
        const reason = error instanceof AuthError ? error.reason ?? error.code : 'internal'
        add(labels, reason === 'internal' || failureCodes.has(reason) ? 'failed' : 'refused', reason)
        throw error
      }
    },

    /** Since the process began. */
    samples: (): Sample[] => [...samples.values()]
  }
}
