import { hash } from 'node:crypto'
import type { Database } from '../../db/database.js'
import type { Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'
import { accountColumns, toAccount, type Account, type AccountRow } from '../accounts/account.js'
import { AuthError, ifValid, invalidToken } from '../errors.js'
import type { Confirmations } from '../refresh/confirmations.js'
import { tokenErrorFor } from '../revocations/end-reasons.js'
import type { Revocations } from '../revocations/index.js'
import type { Sessions } from '../sessions/index.js'
import { managingContracts, sessionKinds } from '../sessions/session-kinds.js'
import { sessionState, type SessionState } from '../sessions/session-row.js'
import type { LiveSession } from '../sessions/sessions.js'
import type { AccessClaims } from '../tokens/claims.js'
import type { Tokens } from '../tokens/index.js'
import { createValidationCache, type Snapshot } from './validation-cache.js'

/** The principal of a valid access token. */
export interface Principal {
  account: Account
  accountId: string
  sessionId: string
  contract: string
  /** The session's generation when the token was issued. */
  generation: number
  /** The token's expiry, in seconds since 1970. */
  exp: number
  /** When the session began, in seconds since 1970. */
  signedInAt: number
}

export interface ValidationSettings {
  /** Seconds for which an answer may be cached. */
  cacheTtl: number
  /** Answers cached at most. */
  cacheMax: number
}

export interface ValidationNeeds {
  db: Pick<Database, 'sql'>
  tokens: Tokens
  sessions: Pick<Sessions, 'find'>
  refresh: { confirmations: Pick<Confirmations, 'confirm'> }
  revocations: Pick<Revocations, 'subscribe'> & { feed: { isCurrent: boolean } }
  settings: ValidationSettings
  /** Milliseconds since 1970. */
  now: () => number
}

export type ValidatedRow = AccountRow &
  Pick<typeof sessions.$inferSelect, 'contract' | 'generation' | 'confirmedGeneration' | 'endReason'> &
  { state: SessionState, signedInAt: number }

interface Read {
  row: ValidatedRow | undefined
  snapshot: Snapshot
}

export type Validation = ReturnType<typeof createValidation>

/** Decides whether an access token is valid: signed here, for this audience, not expired, and of a live session. */
export function createValidation (needs: ValidationNeeds) {
  const { db: { sql }, tokens, sessions, refresh: { confirmations }, revocations, settings, now } = needs
  const cache = createValidationCache<Principal>({
    revocations, feed: revocations.feed, ttl: settings.cacheTtl, maxTokens: settings.cacheMax, now
  })
  const selectSession = createSessionSelect(sql)
  const readsInFlight = new Map<string, Promise<Read>>()
  let hits = 0
  let misses = 0

  /** Concurrent misses of one session share one query, unless a revocation came in between. */
  function readSession (claims: AccessClaims): Promise<Read> {
    const snapshot = cache.snapshot()
    const key = `${claims.sub} ${claims.sid} ${snapshot.version}`
    const shared = readsInFlight.get(key)
    if (shared !== undefined) return shared
    const read = selectSession(claims).then(([row]) => ({ row, snapshot })).finally(() => readsInFlight.delete(key))
    readsInFlight.set(key, read)
    return read
  }

  function toPrincipal (claims: AccessClaims, row: ValidatedRow | undefined): Principal {
    if (row === undefined) throw invalidToken('unknown')
    if (row.state === 'expired') throw invalidToken('expired')
    if (row.state === 'ended') throw invalidToken(tokenErrorFor(row.endReason))

    if (claims.gen > row.confirmedGeneration && sessionKinds[row.contract] === 'refresh_token') {
      confirmations.confirm(claims.sub, claims.sid, claims.gen)
    }
    return {
      account: toAccount(row),
      // Reuse the row's string: keeping each token's own copy costs about 100 bytes per cache entry.
      accountId: row.id,
      sessionId: claims.sid,
      contract: claims.contract,
      generation: claims.gen,
      exp: claims.exp,
      signedInAt: row.signedInAt
    }
  }

  /** The cached principal of a token, synchronously, for the validate route's hot path. */
  function cached (token: string): Principal | undefined {
    const principal = cache.get(digestOf(token))
    if (principal !== undefined) hits += 1
    return principal
  }

  async function validateAndCache (token: string): Promise<Principal> {
    misses += 1
    const claims = await tokens.access.verify(token)
    const { row, snapshot } = await readSession(claims)
    const principal = toPrincipal(claims, row)
    cache.set(digestOf(token), principal, snapshot)
    return principal
  }

  /**
   * The answer may be as old as the cache allows.
   * @throws AuthError `invalid_token` with the reason; `unavailable` when validity cannot be determined
   */
  async function authenticate (token: string): Promise<Principal> {
    return cached(token) ?? validateAndCache(token)
  }

  /** The same for what is its owner's alone to do. @throws AuthError also `wrong_contract` (`managingContracts`) */
  async function authenticateToManage (token: string): Promise<Principal> {
    const principal = await authenticate(token)
    if (!managingContracts.includes(principal.contract)) throw new AuthError('wrong_contract')
    return principal
  }

  return {
    cached,
    authenticate,
    authenticateToManage,

    /**
     * The same for the claims of a verified token, past the cache: after a revocation event, introspection must never
     * give an answer from before it.
     * @throws AuthError `invalid_token` with the reason
     */
    async authenticateFresh (claims: AccessClaims): Promise<Principal> {
      const [row] = await selectSession(claims)
      return toPrincipal(claims, row)
    },

    /** The live session of a token and its principal, or `null` when the token is not valid. */
    async currentSession (token: string): Promise<{ principal: Principal, session: LiveSession } | null> {
      const principal = await ifValid(authenticate(token))
      const session = principal === null ? null : await sessions.find(principal.accountId, principal.sessionId)
      return principal === null || session === null ? null : { principal, session }
    },

    /** The size of the cache, its hits and its misses. */
    metrics: () => ({ cachedTokens: cache.size, cacheHits: hits, cacheMisses: misses })
  }
}

/** The cache's key for a token, so that no token stays in memory. */
function digestOf (token: string): string {
  return hash('sha256', token, 'binary')
}

/** Reads the session and account that an access token names. */
export function createSessionSelect (sql: Pool) {
  const columns = sql`${accountColumns(sql)}, ${sessionState(sql)} AS state,
    floor(extract(epoch FROM session.created_at))::float8 AS signed_in_at`
  return ({ sub, sid }: Pick<AccessClaims, 'sub' | 'sid'>) => sql<ValidatedRow[]>`
    SELECT ${columns}, session.contract, session.generation, session.confirmed_generation, session.end_reason
    FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
    WHERE session.account_id = ${sub} AND session.id = ${sid}`
}
