import { sessionContracts, type SessionContract } from '../../db/stored-values.js'

/** How a session continues after its first access token. */
export type SessionKind = 'refresh_token' | 'access_token' | 'none'

/**
 * The contracts that begin sessions: with a chain of refresh tokens, with an access token that is itself traded
 * for the next, or with one long access token and nothing after it.
 */
export const sessionKinds = {
  partner: 'refresh_token',
  session: 'access_token',
  spa: 'none',
  tasks: 'none',
  web: 'none',
  account: 'refresh_token'
} as const satisfies Record<SessionContract, SessionKind>

/** The contracts whose sessions are of a kind. */
export type ContractOfKind<Kind extends SessionKind> = {
  [Contract in SessionContract]: typeof sessionKinds[Contract] extends Kind ? Contract : never
}[SessionContract]

/** The same as a list. */
export function contractsOfKind (kind: SessionKind): SessionContract[] {
  return sessionContracts.filter(contract => sessionKinds[contract] === kind)
}

/**
 * The contracts whose access tokens may list and end sessions and change the password: those of a user's own
 * application. The tokens of others are shown to third parties, and are for less (RFC 9700 2.3).
 */
export const managingContracts: readonly string[] = ['session', 'account'] satisfies SessionContract[]

/** Seconds. */
export interface Lifetimes {
  /** Of an access token that can be followed by another. */
  accessToken: number
  /** Of one that cannot. */
  longAccessToken: number
  refreshToken: number
  /** Of a session, however often it is refreshed. */
  session: number
}

/** Seconds until a session expires unless it is extended, and until an access token of it expires. */
export function lifetimesOf (
  contract: SessionContract, lifetimes: Lifetimes
): { session: number, accessToken: number } {
  const { accessToken, longAccessToken, refreshToken, session: max } = lifetimes
  const own = {
    refresh_token: { session: refreshToken, accessToken },
    access_token: { session: accessToken, accessToken },
    none: { session: longAccessToken, accessToken: longAccessToken }
  }[sessionKinds[contract]]
  return { session: Math.min(own.session, max), accessToken: Math.min(own.accessToken, max) }
}
