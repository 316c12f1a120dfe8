import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, FailureCode } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'
import { listenerFailures } from '../../http/failure-schemas.js'

export const opsErrors = failureTable({
  unavailable: [503, 'Not ready: the database or the signing keys cannot be read']
})

const codeOf = (code: FailureCode): string => code.toUpperCase()

/** The refusals of the routes and the listener. */
const failures: FailureCode[] = [...listenerFailures, 'internal', 'unavailable']

export const opsCodes = failures.map(codeOf)

export function renderOpsFailure ({ code }: Failure): RenderedFailure {
  const { status, message } = opsErrors[code]
  return { status, body: { success: false, error: { code: codeOf(code), message } } }
}
