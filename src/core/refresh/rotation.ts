import type { Pool } from '../../db/pool.js'
import type { Lifetimes } from '../sessions/session-kinds.js'
import { isLive, isOpenTo, tokenSubject, type TokenSubject } from '../sessions/session-row.js'
import type { RefreshToken } from '../tokens/refresh-token.js'
import type { RecentRotations } from './recent-rotations.js'

/** The presented token and its would-be successor: hashes only, secrets stay outside the database. */
export interface RefreshAttempt {
  token: RefreshToken
  hash: Buffer
  successorHash: Buffer
  nonce: Buffer
  /** That presents the token, or `null` for the user's own application. */
  clientId: string | null
}

export interface RotationNeeds {
  sql: Pool
  rotations: RecentRotations
  lifetimes: Pick<Lifetimes, 'refreshToken' | 'session'>
}

/** Refresh token rotation (RFC 9700 4.14.2). */
export function createRotation ({ sql, rotations, lifetimes }: RotationNeeds) {
  const live = isLive(sql)
  const subject = tokenSubject(sql)

  return {
    /**
     * Rotates the current token: one conditional update. Of any number of requests with one token at most one gets
     * a row. The others get none, and replay.ts classifies their token; so it does where there is no room for another
     * rotation.
     */
    rotate: ({ token, hash, successorHash, nonce, clientId }: RefreshAttempt) => sql<TokenSubject[]>`
      UPDATE sessions AS session SET
        ${rotations.keepLast},
        generation = session.generation + 1,
        previous_hash = session.current_hash,
        current_hash = ${successorHash},
        nonce = ${nonce},
        client_id = ${clientId},
        rotated_at = clock_timestamp(),
        expires_at = least(
          clock_timestamp() + make_interval(secs => ${lifetimes.refreshToken}),
          session.created_at + make_interval(secs => ${lifetimes.session}))
      FROM accounts AS account
      WHERE session.account_id = ${token.accountId} AND session.id = ${token.sessionId}
        AND session.current_hash = ${hash} AND session.generation = ${token.generation}
        AND ${isOpenTo(sql, clientId)} AND ${rotations.hasRoom}
        AND account.id = session.account_id AND ${live}
      RETURNING ${subject}`
  }
}
