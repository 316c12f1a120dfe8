import type { Sql } from 'postgres'

export interface ConfirmationsNeeds {
  sql: Sql
  /** Called when a batch could not be written; it stays pending and is written with the next. */
  onError: (error: unknown) => void
}

export type Confirmations = ReturnType<typeof createConfirmations>

interface Pending {
  accountId: string
  sessionId: string
  generation: number
}

const flushIntervalMs = 250
const batchSize = 500
/** Beyond this, news is dropped rather than kept: a confirmation missed only leaves a late retry possible. */
const maxPending = 50_000

/**
 * Notes that the access token of a rotation was seen, hence that its reply arrived, and with it the refresh token.
 * Written in batches off the request's path; a batch is forgotten only when it is committed.
 */
export function createConfirmations ({ sql, onError }: ConfirmationsNeeds) {
  const pending = new Map<string, Pending>()
  let timer: NodeJS.Timeout | null = null
  let flushing: Promise<void> | null = null

  function schedule (): void {
    timer ??= setTimeout(() => {
      timer = null
      flush().catch(onError).finally(() => { if (pending.size > 0) schedule() })
    }, flushIntervalMs).unref()
  }

  /** Writes what is pending now. @throws the database's error; nothing is lost by it */
  async function flush (): Promise<void> {
    await flushing?.catch(() => {})
    const batches = Math.ceil(pending.size / batchSize)
    flushing = (async () => {
      for (let batch = 0; batch < batches; batch += 1) await writeBatch()
    })()
    try {
      await flushing
    } finally {
      flushing = null
    }
  }

  async function writeBatch (): Promise<void> {
    const batch = [...pending.values()].slice(0, batchSize)
    const skipped = await write(sql, batch)
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
      schedule()
    },

    /** What is confirmed here and perhaps not written yet; 0 when nothing is. */
    pendingGeneration (sessionId: string): number {
      return pending.get(sessionId)?.generation ?? 0
    },

    /** Sessions with a confirmation that is not written yet. */
    get pending (): number {
      return pending.size
    },

    /** Writes the rest and stops. */
    async close (): Promise<void> {
      if (timer !== null) clearTimeout(timer)
      await flush().catch(onError)
    }
  }
}

/**
 * Confirms a batch and returns the sessions it had to skip. Rows that somebody else is changing are not waited for:
 * whoever ends all sessions of an account holds locks of many and would in turn wait for this batch.
 */
async function write (sql: Sql, batch: Pending[]): Promise<Set<string>> {
  const skipped = await sql<{ id: string }[]>`
    WITH seen AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(batch)}::text::jsonb)
        AS seen ("accountId" uuid, "sessionId" uuid, generation integer)
    ), behind AS MATERIALIZED (
      SELECT session.account_id, session.id, seen.generation
      FROM sessions AS session JOIN seen ON session.account_id = seen."accountId" AND session.id = seen."sessionId"
      WHERE session.confirmed_generation < seen.generation AND session.ended_at IS NULL
    ), locked AS MATERIALIZED (
      SELECT behind.* FROM sessions AS session JOIN behind USING (account_id, id)
      WHERE session.confirmed_generation < behind.generation
      FOR UPDATE OF session SKIP LOCKED
    ), confirmed AS (
      UPDATE sessions SET confirmed_generation = locked.generation
      FROM locked
      WHERE sessions.account_id = locked.account_id AND sessions.id = locked.id
      RETURNING sessions.id
    )
    SELECT id FROM behind WHERE id NOT IN (SELECT id FROM confirmed)`
  return new Set(skipped.map(({ id }) => id))
}
