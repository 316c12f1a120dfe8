import { hash } from 'node:crypto'
import type { Sql } from 'postgres'
import type { AccessClaims, AccessTokens } from '../tokens/access-token.js'
import { accountColumns, toAccount, type Account, type AccountRow } from '../accounts/account.js'
import type { Confirmations } from '../refresh/confirmations.js'
import { AuthError } from '../errors.js'
import type { Revocations } from '../revocations/revocations.js'
import { tokenErrorFor } from '../revocations/end-reasons.js'
import { sessionKinds, type SessionContract } from '../sessions/session-kinds.js'
import { createValidationCache, type Snapshot } from './validation-cache.js'

/** Whom a good access token speaks for. */
export interface Principal {
  account: Account
  accountId: string
  sessionId: string
  contract: string
  /** The session's generation when the token was made. */
  generation: number
  /** The token's end, in seconds since 1970. */
  exp: number
}

export interface ValidationNeeds {
  sql: Sql
  accessTokens: AccessTokens
  confirmations: Confirmations
  revocations: Revocations
  feed: { isCurrent: boolean }
  /** Seconds an answer may be remembered. */
  cacheTtl: number
  /** Answers remembered at most. */
  cacheMax: number
  /** Milliseconds since 1970. */
  now: () => number
}

interface SessionRow extends AccountRow {
  contract: SessionContract
  generation: number
  confirmed_generation: number
  end_reason: string | null
  state: 'live' | 'ended' | 'expired'
}

interface Reading {
  row: SessionRow | undefined
  mark: Snapshot
}

export type Validation = ReturnType<typeof createValidation>

/** Says whether an access token is good: signed here, for here, not expired, and of a session that lives. */
export function createValidation (needs: ValidationNeeds) {
  const { sql, accessTokens, confirmations, revocations, feed, cacheTtl, cacheMax, now } = needs
  const cache = createValidationCache<Principal>({ revocations, feed, ttl: cacheTtl, maxTokens: cacheMax, now })
  const reading = new Map<string, Promise<Reading>>()
  let hits = 0
  let misses = 0

  /** Requests that miss at the same time share one query, if no notice came in between. */
  function readSession (claims: AccessClaims): Promise<Reading> {
    const mark = cache.snapshot()
    const key = `${claims.sub} ${claims.sid} ${mark.version}`
    const shared = reading.get(key)
    if (shared !== undefined) return shared
    const query = selectSession(sql, claims).then(row => ({ row, mark })).finally(() => reading.delete(key))
    reading.set(key, query)
    return query
  }

  function judge (claims: AccessClaims, row: SessionRow | undefined): Principal {
    if (row === undefined) throw new AuthError('invalid_token', { reason: 'unknown' })
    if (row.state === 'expired') throw new AuthError('invalid_token', { reason: 'expired' })
    if (row.state === 'ended') throw new AuthError('invalid_token', { reason: tokenErrorFor(row.end_reason) })

    if (claims.gen > row.confirmed_generation && sessionKinds[row.contract] === 'refresh_token') {
      confirmations.confirm(claims.sub, claims.sid, claims.gen)
    }
    return {
      account: toAccount(row),
      // The row's id is in memory already, and the claim's short texts are shared between tokens.
      accountId: row.id,
      sessionId: claims.sid,
      contract: claims.contract,
      generation: claims.gen,
      exp: claims.exp
    }
  }

  /** Whose a token is, if that is known already: at once, for those who are asked with every request of others. */
  function cached (token: string): Principal | undefined {
    const principal = cache.get(digestOf(token))
    if (principal !== undefined) hits += 1
    return principal
  }

  async function validateAndCache (token: string): Promise<Principal> {
    misses += 1
    const claims = await accessTokens.verify(token)
    const { row, mark } = await readSession(claims)
    const principal = judge(claims, row)
    cache.set(digestOf(token), principal, mark)
    return principal
  }

  return {
    cached,

    /**
     * The answer may be as old as the cache lets it be.
     * @throws AuthError `invalid_token` with the reason; `unavailable` when it cannot be told
     */
    async authenticate (token: string): Promise<Principal> {
      return cached(token) ?? validateAndCache(token)
    },

    /**
     * The same, read for this question alone: for a partner that was told of an end and asks whether it meant this
     * session. A token made for one partner is good only where that partner's audience is given.
     */
    async authenticateFresh (token: string, audience?: string): Promise<Principal> {
      const claims = await accessTokens.verify(token, audience)
      return judge(claims, await selectSession(sql, claims))
    },

    /** Answers remembered now. */
    get cachedTokens (): number {
      return cache.size
    },

    /** Questions that were answered from memory, and that were not. */
    get counts () {
      return { hits, misses }
    }
  }
}

/** What a token is remembered by, so that no token lies about in memory. */
function digestOf (token: string): string {
  return hash('sha256', token, 'binary')
}

async function selectSession (sql: Sql, { sub, sid }: AccessClaims): Promise<SessionRow | undefined> {
  const [row] = await sql<SessionRow[]>`
    SELECT ${accountColumns(sql)}, session.contract, session.generation, session.confirmed_generation,
      session.end_reason,
      CASE
        WHEN session.ended_at IS NOT NULL OR account.epoch > session.epoch OR account.disabled_at IS NOT NULL
          THEN 'ended'
        WHEN session.expires_at <= clock_timestamp() THEN 'expired'
        ELSE 'live'
      END AS state
    FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
    WHERE session.account_id = ${sub} AND session.id = ${sid}`
  return row
}
