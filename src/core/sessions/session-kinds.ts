/** How a session goes on beyond its first access token. */
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
  web: 'none'
} as const satisfies Record<string, SessionKind>

export type SessionContract = keyof typeof sessionKinds

/** The contracts whose sessions have no refresh tokens. */
export type AccessOnlyContract = Exclude<SessionContract, 'partner'>

export interface Lifetimes {
  ACCESS_TOKEN_TTL: number
  REFRESH_TOKEN_TTL: number
  JWT_EXPIRES_IN: number
  SESSION_MAX_AGE: number
}

/** Seconds until a session ends if it is not extended, and until an access token of it expires. */
export function lifetimesOf (contract: SessionContract, policy: Lifetimes): { session: number, accessToken: number } {
  const { ACCESS_TOKEN_TTL, REFRESH_TOKEN_TTL, JWT_EXPIRES_IN, SESSION_MAX_AGE } = policy
  const [session, accessToken] = {
    refresh_token: [REFRESH_TOKEN_TTL, ACCESS_TOKEN_TTL],
    access_token: [ACCESS_TOKEN_TTL, ACCESS_TOKEN_TTL],
    none: [JWT_EXPIRES_IN, JWT_EXPIRES_IN]
  }[sessionKinds[contract]] as [number, number]
  return { session: Math.min(session, SESSION_MAX_AGE), accessToken: Math.min(accessToken, SESSION_MAX_AGE) }
}
