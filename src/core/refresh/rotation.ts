import type { Pool } from '../../db/pool.js'
import { fixedStatement } from '../../db/statement.js'
import type { ContractOfKind, Lifetimes } from '../sessions/session-kinds.js'
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
  /** At which it is presented: it takes tokens of its own sessions only. */
  contract: ContractOfKind<'refresh_token'>
}

export interface RotationNeeds {
  sql: Pool
  /** Seconds. */
  retryWindow: number
  lifetimes: Pick<Lifetimes, 'refreshToken' | 'session'>
}

type RotationValues = Pick<RefreshAttempt, 'hash' | 'successorHash' | 'nonce' | 'clientId'> &
  Pick<RefreshToken, 'accountId' | 'sessionId' | 'generation'>

/**
 * Seconds after its beginning in which a session is not settled yet: what ends all sessions of an account, and began
 * before the session was there, may still have to be committed. No statement runs for a tenth of it.
 */
const settlingSeconds = 60

/**
 * The statements of refresh token rotation (RFC 9700 4.14.2). Each is one conditional update: of any number of requests
 * with one token at most one gets a row.
 */
export function createRotationStatements (
  { sql, retryWindow, lifetimes }: RotationNeeds, contract: RefreshAttempt['contract']
) {
  const { moment, keepLast, hasRoom } = recentRotationsSql(retryWindow)
  const { subject, isUnended, isLive, isOpenTo, maxEnd } = sessionSql

  type Place = (name: keyof RotationValues) => string
  const successor = (place: Place) => `
    generation = session.generation + 1, previous_hash = session.current_hash, current_hash = ${place('successorHash')},
    nonce = ${place('nonce')}, client_id = ${place('clientId')}, rotated_at = now(),
    expires_at = least(now() + interval '${Number(lifetimes.refreshToken)} s', ${maxEnd(lifetimes.session)})`
  const isCurrent = (place: Place) => `
    session.account_id = ${place('accountId')} AND session.id = ${place('sessionId')}
    AND session.current_hash = ${place('hash')} AND session.generation = ${place('generation')}
    AND ${isOpenTo(place('clientId'))} AND session.contract = '${contract}'`

  return {
    /**
     * Rotates where the last rotation is over: outside the retry window, and made when the session was settled. Then
     * the session's row says all there is to say, for what ends an account's access ends each of its sessions too; and
     * a statement on one row of one table is the cheapest there is, on a distributed Postgres by far (ADR 0018).
     */
    settled: fixedStatement<RotationValues, TokenSubject>(sql, place => `
      UPDATE sessions AS session SET ${successor(place)},
        earlier_generation = session.generation + 1, earlier_rotations = NULL, earlier_rotated_at = NULL
      WHERE ${isCurrent(place)} AND ${isUnended} AND session.email IS NOT NULL
        AND session.rotated_at <= now() - interval '${Number(retryWindow)} s'
        AND session.rotated_at - session.created_at > interval '${settlingSeconds} s'
      RETURNING ${subject('session.rotated_at', 'session')}`),

    /** Rotates in every other case, if there is room for another rotation; asks the account, too. */
    recent: fixedStatement<RotationValues, TokenSubject>(sql, place => `
      WITH ${moment}
      UPDATE sessions AS session SET ${successor(place)}, email = account.email, ${keepLast}
      FROM accounts AS account, moment
      WHERE ${isCurrent(place)} AND ${hasRoom} AND account.id = ${place('accountId')} AND ${isLive}
      RETURNING ${subject('session.rotated_at')}`)
  }
}

/** Rotates refresh tokens. */
export function createRotation (needs: RotationNeeds) {
  const statementsOf = {
    partner: createRotationStatements(needs, 'partner'), account: createRotationStatements(needs, 'account')
  }
  return {
    /**
     * Rotates the current token. Of any number of requests with one token at most one gets a row; the others get
     * `undefined`, and replay.ts classifies their token. So it does where there is no room for another rotation.
     */
    async rotate (this: void, attempt: RefreshAttempt): Promise<TokenSubject | undefined> {
      const { token: { accountId, sessionId, generation }, hash, successorHash, nonce, clientId, contract } = attempt
      const { settled, recent } = statementsOf[contract]
      const values = { accountId, sessionId, generation, hash, successorHash, nonce, clientId }
      // The first token of a session was not rotated before, so nothing is settled.
      const [row] = generation === 0 ? [] : await settled(values)
      if (row !== undefined) return row
      const [later] = await recent(values)
      return later
    }
  }
}
