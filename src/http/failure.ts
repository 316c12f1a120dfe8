import type { FastifyError } from 'fastify'
import { AuthError, type AuthErrorCode, type ErrorReason } from '../core/errors.js'

/** Failures of a request before it reaches the core, and the internal error. */
export const httpFailureCodes = [
  'invalid_body',
  'invalid_json',
  'malformed_request',
  'request_timeout',
  'headers_too_large',
  'body_too_large',
  'unsupported_media_type',
  'unknown_route',
  'method_not_allowed',
  'token_missing',
  'foreign_origin',
  'cookie_repeated',
  'rate_limited',
  'registration_closed',
  'unsupported_grant_type',
  'no_public_keys',
  'internal'
] as const

export type HttpFailureCode = typeof httpFailureCodes[number]

export type FailureCode = AuthErrorCode | HttpFailureCode

/** One problem of a request: its place, and the schema rule that it breaks. */
export interface Problem {
  /** Part of the request. */
  part: 'body' | 'path' | 'query'
  path: string[]
  keyword: string
  params: Record<string, unknown>
  message: string
}

/** A refusal as the contracts see it; each renders it in its own shape. */
export interface Failure {
  code: FailureCode
  reason?: ErrorReason
  /** With `deletion_pending`. */
  deletesAt?: Date
  /** Seconds. */
  retryAfter?: number
  /** What exactly is wrong, in English, where a contract has a place for it. */
  description?: string
  /** With `insufficient_scope`. */
  scope?: string
  problems?: Problem[]
}

/** Throw it to refuse a request in the shape of the contract that serves it. */
export class HttpFailure extends Error {
  readonly failure: Failure

  constructor (code: HttpFailureCode, detail: Pick<Failure, 'description' | 'retryAfter' | 'problems'> = {}) {
    super(code)
    this.name = 'HttpFailure'
    this.failure = { code, ...detail }
  }
}

const codesOfStatus: Record<number, HttpFailureCode> = {
  400: 'invalid_json',
  // A path that would leave the folder of the docs page.
  403: 'unknown_route',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  431: 'headers_too_large'
}

/** Fastify's errors before the body is read. */
const malformedRequestCodes = new Set([
  'FST_ERR_BAD_URL', 'FST_ERR_MAX_PARAM_LENGTH', 'FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'FST_ERR_ASYNC_CONSTRAINT'
])

/** Maps an error to the refusal that a client gets. */
export function toFailure (error: FastifyError): Failure {
  if (error instanceof HttpFailure) return error.failure
  if (error.validation !== undefined) {
    return { code: 'invalid_body', problems: toProblems(error.validation, error.validationContext) }
  }
  if (error instanceof AuthError) {
    const { code, reason, retryAfter, description, deletesAt, scope } = error
    const detail = Object.entries({ reason, retryAfter, description, deletesAt, scope })
      .filter(([, value]) => value !== undefined)
    return { code, ...Object.fromEntries(detail) }
  }
  if (malformedRequestCodes.has(error.code)) return { code: 'malformed_request' }
  return { code: codesOfStatus[error.statusCode ?? 500] ?? 'internal' }
}

/** What names the member, by the keyword of the rule that is broken. */
const memberParameters: Partial<Record<string, string>> = {
  required: 'missingProperty', additionalProperties: 'additionalProperty'
}

type SchemaError = NonNullable<FastifyError['validation']>[number]

function toProblems (errors: SchemaError[], context: string | undefined): Problem[] {
  const part = context === 'params' ? 'path' : context === 'querystring' ? 'query' : 'body'
  return errors.map(error => toProblem(error, part))
}

/** A missing or unknown member is reported by its parent; the path should name the member itself. */
function toProblem ({ instancePath, keyword, params, message = '' }: SchemaError, part: Problem['part']): Problem {
  const path = instancePath.split('/').slice(1).map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const member = params[memberParameters[keyword] ?? ''] as string | undefined
  return {
    part,
    path: member === undefined ? path : [...path, member],
    keyword,
    params,
    message
  }
}
