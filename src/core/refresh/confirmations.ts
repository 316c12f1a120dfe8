import { codeOf } from '../../db/errors.js'
import type { Pool } from '../../db/pool.js'
import type { sessions } from '../../db/schema.js'
import { createPeriodic } from '../lib/periodic.js'

export interface ConfirmationsNeeds {
  sql: Pool
  /** Called when a batch could not be written; it stays pending and is written with the next. */
  onError: (error: unknown) => void
}

export type Confirmations = ReturnType<typeof createConfirmations>

type ConfirmedRow = Pick<typeof sessions.$inferSelect, 'id'>

interface Confirmation {
  accountId: string
  sessionId: string
  generation: number
}

/** SQLSTATE feature not supported: a distributed Postgres locks rows of one account in a statement, not of several. */
const notSupported = '0A000'

const flushDelayMs = 250
const batchSize = 500
/** Beyond this, confirmations are dropped rather than kept: a missed one only leaves a late retry possible. */
const maxPending = 50_000

/**
 * Notes that the access token of a rotation was seen, hence that its reply arrived, and with it the refresh token.
 * Written in batches off the request's path; a batch is dropped from memory only when it is committed.
 */
export function createConfirmations ({ sql, onError }: ConfirmationsNeeds) {
  const pending = new Map<string, Confirmation>()
  let flushing: Promise<void> = Promise.resolve()
  const flushes = createPeriodic(async () => {
    await flush().finally(() => { if (pending.size > 0) flushes.wake() })
  }, { intervalMs: null, wakeDelayMs: flushDelayMs, onError })
  flushes.start()

  /** Writes what is pending now, after what is being written. @throws the database's error; nothing is lost by it */
  function flush (): Promise<void> {
    flushing = flushing.catch(() => {}).then(writeAll)
    return flushing
  }

  async function writeAll (): Promise<void> {
    const batches = Math.ceil(pending.size / batchSize)
    for (let batch = 0; batch < batches; batch += 1) await writeBatch()
  }

  async function writeBatch (): Promise<void> {
    const batch = [...pending.values()].slice(0, batchSize)
    try {
      await write(batch, () => confirmSessions(sql, batch))
    } catch (error) {
      if (codeOf(error) !== notSupported) throw error
      for (const [accountId, ofAccount] of Object.entries(groupByAccount(batch))) {
        await write(ofAccount, () => confirmSessions(sql, ofAccount, accountId))
      }
    }
  }

  async function write (batch: readonly Confirmation[], confirm: () => PromiseLike<ConfirmedRow[]>): Promise<void> {
    const skipped = new Set((await confirm()).map(({ id }) => id))
    for (const written of batch.filter(({ sessionId }) => !skipped.has(sessionId))) {
      if (pending.get(written.sessionId) === written) pending.delete(written.sessionId)
    }
  }

  return {
    flush,

    /** The token of this generation was seen. */
    confirm (accountId: string, sessionId: string, generation: number): void {
      const known = pending.get(sessionId)
      if (known === undefined ? pending.size >= maxPending : known.generation >= generation) return
      pending.set(sessionId, { accountId, sessionId, generation })
      flushes.wake()
    },

    /** What is confirmed here and perhaps not written yet; 0 when nothing is. */
    pendingGeneration: (sessionId: string): number => pending.get(sessionId)?.generation ?? 0,

    /** Sessions with a confirmation that is not written yet. */
    pendingCount: (): number => pending.size,

    /** Writes the rest and stops. */
    close: async (): Promise<void> => {
      await flushes.stop()
      await flush().catch(onError)
    }
  }
}

function groupByAccount (batch: readonly Confirmation[]): Record<string, Confirmation[]> {
  const groups: Record<string, Confirmation[]> = {}
  for (const confirmation of batch) (groups[confirmation.accountId] ??= []).push(confirmation)
  return groups
}

/**
 * Confirms a batch and returns the sessions it had to skip. Locked rows are not waited for: a statement that ends all
 * sessions of an account holds locks of many and would in turn wait for this batch.
 * @param accountId when all are of one account
 */
export function confirmSessions (sql: Pool, batch: readonly Confirmation[], accountId?: string) {
  const isOfAccount = accountId === undefined ? sql`true` : sql`session.account_id = ${accountId}`
  return sql<ConfirmedRow[]>`
    WITH seen AS (
      SELECT account_id, session_id, generation
      FROM unnest(
        ${batch.map(({ accountId }) => accountId)}::uuid[],
        ${batch.map(({ sessionId }) => sessionId)}::uuid[],
        ${batch.map(({ generation }) => generation)}::int[]
      ) AS seen (account_id, session_id, generation)
    ), behind AS MATERIALIZED (
      SELECT session.account_id, session.id, seen.generation
      FROM sessions AS session JOIN seen ON session.account_id = seen.account_id AND session.id = seen.session_id
      WHERE ${isOfAccount} AND session.confirmed_generation < seen.generation AND session.ended_at IS NULL
    ), locked AS MATERIALIZED (
      SELECT behind.account_id, behind.id, behind.generation FROM sessions AS session
      JOIN behind ON session.account_id = behind.account_id AND session.id = behind.id
      WHERE ${isOfAccount} AND session.confirmed_generation < behind.generation
      FOR UPDATE OF session SKIP LOCKED
    ), confirmed AS (
      UPDATE sessions AS session SET confirmed_generation = locked.generation
      FROM locked
      WHERE ${isOfAccount} AND session.account_id = locked.account_id AND session.id = locked.id
      RETURNING session.id
    )
    SELECT behind.id FROM behind WHERE behind.id NOT IN (SELECT confirmed.id FROM confirmed)`
}
