import { Type, type TSchema } from '@sinclair/typebox'
import type { FailureCode } from './failure.js'

/** The keyword of a response schema that names the failures it stands for. */
export const failureCodesKeyword = 'x-failure-codes'

/** Failures that every route can have. */
const ofEveryRoute = ['internal', 'unavailable'] as const

/** What a listener answers by itself, in the shape of its first contract or of the one that owns the path. */
export const listenerFailures = [
  'malformed_request', 'request_timeout', 'headers_too_large', 'unknown_route', 'method_not_allowed'
] as const satisfies FailureCode[]

/** Failures of a body that the route does not validate. */
export const unreadBodyFailures = [
  'invalid_json', 'body_too_large', 'unsupported_media_type'
] as const satisfies FailureCode[]

export const bodyFailures = ['invalid_body', ...unreadBodyFailures] as const satisfies FailureCode[]

/** Failures of a required access token. */
export const tokenFailures = ['token_missing', 'invalid_token'] as const satisfies FailureCode[]

/** Failures of a token that is sent as a cookie, beside those of the token. */
export const cookieFailures = ['foreign_origin', 'cookie_repeated'] as const satisfies FailureCode[]

/** Failures of a route that hashes a password. */
export const hashingFailures = ['overloaded', 'rate_limited'] as const satisfies FailureCode[]

/** Refusals of an owner who has proved who they are. */
export const admissionFailures = ['email_not_verified', 'deletion_pending'] as const satisfies FailureCode[]

/** Failures of a route that sends a mail. */
export const mailFailures = [...bodyFailures, 'too_many_mails', 'mail_unavailable'] as const satisfies FailureCode[]

/** Failures of a code or a link from a mail. */
export const proofFailures = [
  ...bodyFailures, 'invalid_code', 'invalid_link', 'too_many_failures', 'overloaded'
] as const satisfies FailureCode[]

export const signInFailures = [
  ...bodyFailures, 'invalid_credentials', 'too_many_failures', ...admissionFailures, ...hashingFailures
] as const satisfies FailureCode[]

export const signUpFailures = [
  ...bodyFailures, 'email_taken', 'password_unacceptable', 'password_common', 'registration_closed',
  'mail_unavailable', ...hashingFailures
] as const satisfies FailureCode[]

type Table = Record<FailureCode, { status: number }>

/**
 * How a contract's routes declare what they can refuse with: the result takes failure codes, and returns the response
 * schemas of their statuses, and of those that every route can answer.
 * @param table the contract's statuses
 * @param body the schema of its refusals
 * @param bodies schemas of the statuses that have another
 */
export function failureSchemas<Statuses extends Table, Body extends TSchema, Other extends TSchema = Body> (
  table: Statuses, body: Body, bodies: Readonly<Record<number, Other>> = {}
) {
  return <Code extends FailureCode = never>(...routeCodes: Code[]) => {
    const codes: FailureCode[] = [...routeCodes, ...ofEveryRoute]
    const statuses = new Set(codes.map(code => table[code].status))
    const schemas = [...statuses].map(status => [status, {
      ...bodies[status] ?? body, [failureCodesKeyword]: codes.filter(code => table[code].status === status)
    }])
    return Object.fromEntries(schemas) as
      Record<Statuses[Code | typeof ofEveryRoute[number]]['status'], Body | Other>
  }
}

/** The schema of a text that is one of some, such as the codes of refusals; a component of the document. */
export function textOf<const Text extends string> (title: string, description: string, texts: readonly Text[]) {
  return Type.Unsafe<Text>({ title, description, type: 'string', enum: [...new Set(texts)].sort() })
}
