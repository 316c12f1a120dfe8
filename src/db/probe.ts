import { setTimeout as delay } from 'node:timers/promises'
import type { Address } from './address.js'
import { connect } from './client.js'
import { ignore } from './errors.js'

/** For a server's answer when the one is looked for that takes writes. */
const timeoutMs = 750

/** In recovery, as a standby is, a transaction is read-only too. */
export const takesWrites = "current_setting('transaction_read_only') = 'off'"

/** The first part of a WAL file's name is the timeline. */
const statement = `
  SELECT CASE WHEN ${takesWrites}
    THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline`

/** Gives a server's timeline, or `null` where it takes no writes or does not answer in time. Never throws. */
export async function probe (address: Address): Promise<number | null> {
  const sql = connect(address, { max: 1, connect_timeout: timeoutMs / 1000 })
  const answer = sql.unsafe<[{ timeline: number | null }]>(statement).then(([{ timeline }]) => timeline, () => null)
  const timeline = await Promise.race([answer, delay(timeoutMs, null)])
  sql.end({ timeout: 0 }).catch(ignore)
  return timeline
}
