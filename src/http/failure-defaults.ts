import type { HttpFailureCode } from './failure.js'

/** Status (RFC 9110 15, RFC 6585) and neutral words of what no contract need say in its own way. */
const httpFailures = {
  invalid_body: [400, 'The request body is not valid'],
  invalid_json: [400, 'The request body is not valid JSON'],
  malformed_request: [400, 'The request is not valid HTTP'],
  request_timeout: [408, 'The request took too long to arrive'],
  headers_too_large: [431, 'The request headers are too large'],
  body_too_large: [413, 'The request body is too large'],
  unsupported_media_type: [415, 'Send the header Content-Type: application/json'],
  unknown_route: [404, 'There is no such route'],
  method_not_allowed: [405, 'The route does not take this method'],
  token_missing: [401, 'Send an access token'],
  foreign_origin: [403, 'The request comes from a page of another origin'],
  rate_limited: [429, 'Too many requests, see the header Retry-After'],
  unsupported_grant_type: [400, 'There is no such grant type'],
  unsupported_token_type: [400, 'Such a token lives out its time and cannot be revoked'],
  no_public_keys: [404, 'Tokens are signed with a shared secret: there are no public keys'],
  internal: [500, 'Internal server error']
} as const satisfies Record<HttpFailureCode, readonly [status: number, message: string]>

/** The rows of these failures for a contract's error table. */
export function httpFailureRows<Row> (
  toRow: (status: number, message: string, code: HttpFailureCode) => Row
): Record<HttpFailureCode, Row> {
  const rows = Object.entries(httpFailures)
    .map(([code, [status, message]]) => [code, toRow(status, message, code as HttpFailureCode)] as const)
  return Object.fromEntries(rows) as Record<HttpFailureCode, Row>
}
