import { isUuid } from '../lib/uuid.js'

/** Claims of an access token (RFC 7519 4.1, RFC 9068 2.2); times in seconds since 1970. */
export interface AccessClaims {
  iss: string
  aud: string
  /** The account's id. */
  sub: string
  /** The session's id. */
  sid: string
  /** The session's generation when the token was issued; its use confirms the refresh that issued it. */
  gen: number
  /** The contract whose sign-in began the session. */
  contract: string
  /** Of the account when the token was issued; left out on request of the operator. */
  email?: string
  jti: string
  iat: number
  exp: number
}

/** Claims that restrict a token to one partner (RFC 8693 4, RFC 9068 2.2). */
export interface Restriction {
  aud: string
  /** Left out where the token has none. */
  scope?: string
  client_id: string
  /** When the user signed in, in seconds since 1970. */
  auth_time: number
  /** Who acts for the account. */
  act: { sub: string }
}

/** The claims of a client's own token (RFC 6749 4.4); it has no account and no session. */
export interface ClientClaims {
  iss: string
  aud: string
  /** The client's id, as in `client_id`. */
  sub: string
  client_id: string
  scope?: string
  jti: string
  iat: number
  exp: number
}

type Check = (claim: unknown) => boolean

const maxGeneration = 2 ** 31 - 1

const isText = (claim: unknown) => typeof claim === 'string'
const isId = (claim: unknown) => typeof claim === 'string' && isUuid(claim)
const isTime = (claim: unknown) => Number.isSafeInteger(claim)
const isGeneration = (claim: unknown) => isTime(claim) && Number(claim) >= 0 && Number(claim) <= maxGeneration

/** Even a correctly signed token is checked: only what the database can take goes on to it. */
const accessClaimChecks = {
  iss: isText,
  aud: isText,
  sub: isId,
  sid: isId,
  gen: isGeneration,
  contract: isText,
  email: claim => claim === undefined || isText(claim),
  jti: isText,
  iat: isTime,
  exp: isTime
} as const satisfies Record<keyof AccessClaims, Check>

const clientClaimChecks = {
  iss: isText,
  aud: isText,
  sub: isText,
  client_id: isText,
  scope: claim => claim === undefined || isText(claim),
  jti: isText,
  iat: isTime,
  exp: isTime
} as const satisfies Record<keyof ClientClaims, Check>

/** Whether a payload has all claims of a user's token, with their types. */
export function hasAccessClaims (payload: object): payload is AccessClaims {
  return passes(payload, accessClaimChecks)
}

/** The same of a client's own token. A user's token made for a client names the client too, but has a session. */
export function hasClientClaims (payload: object): payload is ClientClaims {
  const { sub, client_id: clientId, sid } = payload as Record<string, unknown>
  return passes(payload, clientClaimChecks) && sub === clientId && sid === undefined
}

function passes (payload: object, checks: Record<string, Check>): boolean {
  const claims = payload as Record<string, unknown>
  return Object.entries(checks).every(([name, isGood]) => isGood(claims[name]))
}
