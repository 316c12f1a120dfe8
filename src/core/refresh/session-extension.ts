import { toAccount } from '../accounts/account.js'
import { AuthError, invalidRefreshToken, invalidToken } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { tokenErrorFor } from '../revocations/end-reasons.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { Sessions } from '../sessions/index.js'
import type { SignedIn } from '../sessions/session-start.js'
import type { LiveSession } from '../sessions/sessions.js'
import type { IssuedAccessToken } from '../sessions/token-issuer.js'
import type { AccessClaims } from '../tokens/claims.js'
import type { Tokens } from '../tokens/index.js'
import type { FastForward } from './fast-forward.js'
import type { RefreshOutcomes } from './trade.js'
import {
  createExtensionStatements, extendableContracts, type ExtendedRow, type ExtensionStatementsNeeds
} from './extension-statements.js'

export interface SessionExtensionNeeds extends ExtensionStatementsNeeds {
  fastForward: Pick<FastForward, 'accessToken'>
  tokens: Tokens
  sessions: Pick<Sessions, 'find' | 'issuer'>
  revocations: Pick<RevocationNotices, 'publish'>
  outcomes: RefreshOutcomes
  /** Milliseconds since 1970. */
  now: () => number
}

/** What a client gets for an extended session. */
export type ExtendedSession = SignedIn<'session'> & { session: LiveSession }

/** What a client gets for a session that is prolonged by its use. */
export type ProlongedSession = IssuedAccessToken & { session: LiveSession }

/** A live session, and the valid token that it was found by; `exp` in seconds since 1970. */
export interface SessionInUse {
  principal: { accountId: string, sessionId: string, generation: number, exp: number }
  session: LiveSession
}

/** Use prolongs a session when it gains this share of ACCESS_TOKEN_TTL: Better Auth's default, one day of seven. */
const prolongedShare = 1 / 7

/**
 * Extends sessions by their access tokens, where the contract has no refresh tokens. Only sessions that began in such a
 * contract can be extended, so a partner that was shown another contract's access token cannot prolong it.
 */
export function createSessionExtension (needs: SessionExtensionNeeds) {
  const { tokens, sessions, fastForward, revocations, lifetimes, outcomes, now } = needs
  const statements = createExtensionStatements(needs)

  async function issue (row: ExtendedRow, sessionId: string): Promise<ExtendedSession> {
    const session = await sessions.find(row.accountId, sessionId)
    if (session === null) throw invalidRefreshToken('revoked')
    return { ...sessions.issuer.accessToken(row, sessionId), account: toAccount(row), session }
  }

  /** A token that was traded a moment ago gets another one of the current generation; one ahead, its successor. */
  async function issueAgain (claims: AccessClaims, clientInfo: ClientInfo): Promise<ExtendedSession> {
    const [row] = await statements.classify(claims, clientInfo)
    if (row === undefined) throw invalidToken('unknown')
    switch (row.outcome) {
      case 'current':
      case 'retried':
        return issue(row, claims.sid)
      case 'ahead': {
        const forwarded = await fastForward.accessToken(claims, clientInfo)
        // Another request with this token was quicker, or the session has ended.
        return forwarded === undefined ? issueAgain(claims, clientInfo) : issue(forwarded, claims.sid)
      }
      case 'reused':
        revocations.publish({ accountId: row.accountId, sessionId: claims.sid })
        throw invalidRefreshToken('reused')
      case 'ended':
        throw invalidRefreshToken(tokenErrorFor(row.endReason))
      default:
        throw invalidRefreshToken(row.outcome)
    }
  }

  return {
    /**
     * Trades a live access token for the next one and extends its session. A superseded one that comes after the retry
     * window ends its session.
     * @throws AuthError `invalid_token` for a token not issued here, `invalid_refresh_token` for one that cannot be
     * traded
     */
    async extend (token: string, clientInfo: ClientInfo): Promise<ExtendedSession> {
      return outcomes.of({ contract: 'session' }, async () => {
        const claims = await tokens.access.verify(token).catch(asRefreshError)
        const [extended] = await statements.extend(claims)
        return extended === undefined ? issueAgain(claims, clientInfo) : issue(extended, claims.sid)
      })
    },

    /**
     * Prolongs a session that is in use, or returns `null`: it has no need yet, its contract does not extend sessions,
     * or the token is superseded. Nothing is rotated: the request may be a read, and the holder of the token may never
     * see the new one (ADR 0015).
     */
    async prolong ({ principal, session }: SessionInUse): Promise<ProlongedSession | null> {
      const { accountId: sub, sessionId: sid, generation: gen, exp } = principal
      const lifetime = lifetimes.accessToken * 1000
      const end = Math.min(now() + lifetime, session.createdAt.getTime() + lifetimes.session * 1000)
      if (end - exp * 1000 < lifetime * prolongedShare || !extendableContracts.includes(session.contract)) return null
      const [row] = await statements.prolong({ sub, sid, gen })
      if (row === undefined) return null
      return { ...sessions.issuer.accessToken(row, sid), session: { ...session, expiresAt: row.expiresAt } }
    }
  }
}

/** An expired access token is reported as expired, not as malformed. */
function asRefreshError (error: unknown): never {
  throw error instanceof AuthError && error.reason === 'expired' ? invalidRefreshToken('expired') : error
}
