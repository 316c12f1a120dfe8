import type { Fragment, Pool } from '../../db/pool.js'
import { accountColumns } from '../accounts/account.js'
import { recordEvents, type Initiator } from '../audit/audit.js'
import type { Lifetimes } from '../sessions/session-kinds.js'
import { isLive, isOpenTo, sessionSql, tokenSubject, type TokenSubject } from '../sessions/session-row.js'
import type { AccessClaims } from '../tokens/claims.js'
import { extendableContracts, type ExtendedRow } from './extension-statements.js'
import { unknownRecord } from './recent-rotations.js'
import type { RefreshAttempt } from './rotation.js'

/*
 * A token with a good tag or signature and a generation ahead of its row's was issued here, by a commit that is lost:
 * the database failed over to a standby that did not have it yet, or was restored. Its holder is the owner, or a thief
 * who would have it without the failover too: so it is good once, and the row goes on from it (ADR 0017). Whether it is
 * ahead, and by how far it may be, is for replay.ts and extension-statements.ts to say.
 */

export interface FastForwardNeeds {
  sql: Pool
  lifetimes: Pick<Lifetimes, 'accessToken' | 'refreshToken' | 'session'>
}

interface Forward {
  accountId: string
  sessionId: string
  /** Of the presented token. */
  generation: number
  /** Further assignments, each with a comma after it. */
  set: Fragment
  /** A further condition. */
  where: Fragment
  /** Seconds. */
  lifetime: number
  columns: Fragment
}

/** The statements that make a session go on from a token that is ahead of its row. */
export function createForwardStatements ({ sql, lifetimes }: FastForwardNeeds) {
  const subject = tokenSubject(sql)
  const live = isLive(sql)
  const maxEnd = sql.unsafe(sessionSql.maxEnd(lifetimes.session))

  /** One conditional update with its record; no row when the row was moved, or the session ended, meanwhile. */
  function forward<ForwardedRow extends object> ({ where, set, columns, ...to }: Forward, by: Initiator) {
    return sql<ForwardedRow[]>`
      WITH forwarded AS (
        UPDATE sessions AS session SET
          ${set}
          generation = ${to.generation}::int + 1,
          earlier_generation = ${to.generation}::int + 1,
          earlier_rotations = ${unknownRecord},
          earlier_rotated_at = ARRAY[now()],
          rotated_at = now(),
          expires_at = least(now() + make_interval(secs => ${to.lifetime}), ${maxEnd})
        FROM accounts AS account
        WHERE session.account_id = ${to.accountId} AND session.id = ${to.sessionId}
          AND session.generation < ${to.generation}::int
          AND account.id = ${to.accountId} AND ${live} AND ${where}
        RETURNING session.*, session.id AS session_id
      ), record AS (${recordEvents(sql, ['refresh_fast_forwarded'], 'forwarded', by)})
      SELECT ${columns} FROM forwarded AS session, accounts AS account WHERE account.id = ${to.accountId}`
  }

  return {
    /** The presented refresh token counts as traded: the row gets its successor. */
    refreshToken: ({ token, hash, successorHash, nonce, clientId }: RefreshAttempt, by: Initiator) =>
      forward<TokenSubject>({
        ...token,
        set: sql`previous_hash = ${hash}, current_hash = ${successorHash}, nonce = ${nonce}, client_id = ${clientId},`,
        where: isOpenTo(sql, clientId),
        lifetime: lifetimes.refreshToken,
        columns: subject
      }, by),

    /** The same for an access token that extends its session. */
    accessToken: ({ sub, sid, gen }: Pick<AccessClaims, 'sub' | 'sid' | 'gen'>, by: Initiator) =>
      forward<ExtendedRow>({
        accountId: sub,
        sessionId: sid,
        generation: gen,
        set: sql``,
        where: sql`session.contract = ANY(${extendableContracts})`,
        lifetime: lifetimes.accessToken,
        columns: sql`${subject}, ${accountColumns(sql)}`
      }, by)
  }
}

export type FastForward = ReturnType<typeof createFastForward>

/** The same, counted. Each gives `undefined` where its statement returns no row. */
export function createFastForward (needs: FastForwardNeeds) {
  const statements = createForwardStatements(needs)
  let forwards = 0

  async function counted<Row> (rows: PromiseLike<Row[]>): Promise<Row | undefined> {
    const [row] = await rows
    if (row !== undefined) forwards += 1
    return row
  }

  return {
    refreshToken: (attempt: RefreshAttempt, by: Initiator) => counted(statements.refreshToken(attempt, by)),
    accessToken: (claims: AccessClaims, by: Initiator) => counted(statements.accessToken(claims, by)),
    /** How often this process did so. */
    count: (): number => forwards
  }
}
