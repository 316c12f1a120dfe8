import { Type, type TSchema } from '@sinclair/typebox'
import { tokenErrorReasons } from '../core/errors.js'
import type { RenderedFailure } from './contract.js'
import type { Failure, FailureCode, Problem } from './failure.js'
import type { FailureTable } from './failure-defaults.js'
import { textOf } from './failure-schemas.js'

/*
 * The refusals of the contracts whose replies are an envelope, `success` and `error`: a code, a message, the reason,
 * and whether the same request may succeed later.
 */

/** Codes that are not the failure's own name. */
const commonCodes: Partial<Record<FailureCode, string>> = {
  invalid_body: 'VALIDATION_ERROR',
  invalid_json: 'VALIDATION_ERROR',
  body_too_large: 'PAYLOAD_TOO_LARGE',
  unknown_route: 'NOT_FOUND',
  internal: 'INTERNAL_ERROR'
}

/** Why, where it is not the request itself. For a token, its own reason replaces it. */
const commonReasons = {
  invalid_credentials: 'invalid_credentials',
  invalid_token: 'malformed',
  invalid_refresh_token: 'malformed',
  unknown_route: 'not_found',
  method_not_allowed: 'method_not_allowed',
  email_not_verified: 'email_not_verified',
  deletion_pending: 'deletion_pending',
  too_many_failures: 'rate_limited',
  rate_limited: 'rate_limited',
  overloaded: 'overloaded',
  unavailable: 'overloaded',
  internal: 'internal'
} as const satisfies Partial<Record<FailureCode, string>>

/** Why, where it is the request itself. */
const otherReason = 'invalid_body'

export interface EnvelopeOptions {
  table: FailureTable
  /** The refusals of the routes and the listener. */
  failures: readonly FailureCode[]
  /** Of the contract alone. */
  codes?: Partial<Record<FailureCode, string>>
  reasons?: Partial<Record<FailureCode, string>>
  /** The code and the reason of a body in which nothing else is wrong, if it has its own. */
  ofProblems?: (problems: readonly Problem[]) => { code: string, message: string, reason: string } | null
  /** What `ofProblems`, or a failure itself, may have as the reason besides. */
  moreReasons?: readonly string[]
  /** Of failures whose details are an object: what is in them. */
  objectDetails?: { schema: TSchema, of: (failure: Failure) => object | null }
}

/** How a contract with an envelope renders its refusals, and what its document says of them. */
export function envelope (options: EnvelopeOptions) {
  const { table, failures, ofProblems = () => null, moreReasons = [], objectDetails } = options
  const codes = { ...commonCodes, ...options.codes }
  const reasons: Partial<Record<FailureCode, string>> = { ...commonReasons, ...options.reasons }
  const codeOf = (code: FailureCode): string => codes[code] ?? code.toUpperCase()

  function render (failure: Failure): RenderedFailure {
    const { code, reason, problems } = failure
    const { status, message } = table[code]
    const details = objectDetails?.of(failure) ?? null
    const error = {
      code: codeOf(code),
      message,
      reason: reason ?? reasons[code] ?? otherReason,
      retryable: status === 429 || status === 503 || code === 'request_in_progress',
      ...problems !== undefined && (ofProblems(problems) ?? { details: problems.map(toDetail) }),
      ...details !== null && { details }
    }
    return { status, body: { success: false, error } }
  }

  const reasonTexts: string[] = [...tokenErrorReasons, ...Object.values(reasons), ...moreReasons, otherReason]
  const problemDetails = Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
    description: 'What is wrong with the body, with `VALIDATION_ERROR`'
  })

  return {
    render,
    /** The schema of a refusal. */
    errorBody: Type.Object({
      success: Type.Literal(false),
      error: Type.Object({
        code: textOf('ErrorCode', 'What is wrong; decide by it', failures.map(codeOf)),
        message: Type.String({ description: 'For people; may change' }),
        reason: textOf('ErrorReason', 'Why, for a token that is refused', reasonTexts),
        retryable: Type.Boolean({ description: 'Whether the same request may succeed later; keep your tokens' }),
        details: Type.Optional(
          objectDetails === undefined ? problemDetails : Type.Union([problemDetails, objectDetails.schema]))
      })
    }, { title: 'Error' })
  }
}

function toDetail ({ path, keyword, message }: Problem): { path: string, message: string } {
  return { path: path.join('.') || 'body', message: keyword === 'required' ? 'is required' : message }
}
