import type { Pool } from '../../db/pool.js'
import { fixedStatement } from '../../db/statement.js'
import type { Lifetimes } from '../sessions/session-kinds.js'
import { sessionSql, type TokenSubject } from '../sessions/session-row.js'
import type { RefreshToken } from '../tokens/refresh-token.js'
import { recentRotationsSql } from './recent-rotations.js'

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
  /** Seconds. */
  retryWindow: number
  lifetimes: Pick<Lifetimes, 'refreshToken' | 'session'>
}

type RotationValues = Pick<RefreshAttempt, 'hash' | 'successorHash' | 'nonce' | 'clientId'> &
  Pick<RefreshToken, 'accountId' | 'sessionId' | 'generation'>

/** Refresh token rotation (RFC 9700 4.14.2). */
export function createRotation ({ sql, retryWindow, lifetimes }: RotationNeeds) {
  const { keepLast, hasRoom } = recentRotationsSql(retryWindow)
  const { subject, isLive, isOpenTo } = sessionSql

  const rotate = fixedStatement<RotationValues, TokenSubject>(sql, place => `
    UPDATE sessions AS session SET
      ${keepLast},
      generation = session.generation + 1,
      previous_hash = session.current_hash,
      current_hash = ${place('successorHash')},
      nonce = ${place('nonce')},
      client_id = ${place('clientId')},
      rotated_at = clock_timestamp(),
      expires_at = least(
        clock_timestamp() + make_interval(secs => ${Number(lifetimes.refreshToken)}),
        session.created_at + make_interval(secs => ${Number(lifetimes.session)}))
    FROM accounts AS account
    WHERE session.account_id = ${place('accountId')} AND session.id = ${place('sessionId')}
      AND session.current_hash = ${place('hash')} AND session.generation = ${place('generation')}
      AND ${isOpenTo(place('clientId'))} AND ${hasRoom}
      AND account.id = session.account_id AND ${isLive}
    RETURNING ${subject}`)

  return {
    /**
     * Rotates the current token: one conditional update. Of any number of requests with one token at most one gets
     * a row. The others get none, and replay.ts classifies their token; so it does where there is no room for another
     * rotation.
     */
    rotate: ({ token: { accountId, sessionId, generation }, hash, successorHash, nonce, clientId }: RefreshAttempt) =>
      rotate({ accountId, sessionId, generation, hash, successorHash, nonce, clientId })
  }
}
