import { createHmac } from 'node:crypto'
import type { Database } from '../../db/database.js'
import { mailCounts } from '../../db/mail-schema.js'
import { expression, lt } from '../../db/query.js'
import { AuthError } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import { customerNetworkOf } from '../lib/network.js'

export interface MailLimitSettings {
  /** Mails an hour to one address, of one purpose. */
  maxPerAddress: number
  /** Requests for mails an hour from one network. */
  maxPerNetwork: number
  /** Mails an hour of the whole service; beyond it they wait. */
  maxPerHour: number
}

export interface MailLimitsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  keyring: Keyring
  settings: MailLimitSettings
}

/** Whether there was room, and if not, when there is again. */
export interface Counted {
  isAdmitted: boolean
  /** Seconds. */
  retryAfter: number
}

const minute = 60
const hour = 3_600

/**
 * Counts mails in the database, for all processes. What it counts under is a keyed hash, the same for addresses with
 * and without an account. The rows are on one server of a distributed Postgres, so the time is `clock_timestamp()`.
 */
export function createMailLimits ({ db: { sql, query }, keyring, settings }: MailLimitsNeeds) {
  const keyOf = (...parts: string[]) =>
    createHmac('sha256', keyring[0].throttle).update(JSON.stringify(['mail', ...parts])).digest('base64url')

  /** Counts one, unless there were as many as may be in these seconds. */
  async function count (key: string, most: number, seconds: number): Promise<Counted> {
    const [counted] = await selectCount(sql, key, most, seconds)
    return counted
  }

  return {
    /** @throws AuthError `too_many_mails` when the network has asked for too many, for any addresses */
    async admitNetwork (address: string | null): Promise<void> {
      const key = keyOf('from', customerNetworkOf(address) ?? 'unknown')
      const { isAdmitted, retryAfter } = await count(key, settings.maxPerNetwork, hour)
      if (!isAdmitted) throw new AuthError('too_many_mails', { retryAfter })
    },

    /** Whether an address may get another mail of this purpose: one a minute, and not too many an hour. */
    async admitAddress (email: string, purpose: string): Promise<boolean> {
      const { isAdmitted } = await count(keyOf('to', email, purpose, 'minute'), 1, minute)
      return isAdmitted && (await count(keyOf('to', email, purpose, 'hour'), settings.maxPerAddress, hour)).isAdmitted
    },

    /** Whether the service may send another mail now. */
    admitSending: (): Promise<Counted> => count(keyOf('all'), settings.maxPerHour, hour),

    deleteExpired: async (): Promise<void> => {
      await query.delete(mailCounts).where(lt(mailCounts.endsAt, expression`now()`))
    }
  }
}

export type MailLimits = ReturnType<typeof createMailLimits>

/** Counts one under a key if it has room; the seconds begin with the first one. */
export function selectCount (sql: Database['sql'], key: string, most: number, seconds: number) {
  return sql<[Counted]>`
    WITH counted AS (
      INSERT INTO mail_counts AS count (key, mails, ends_at)
      VALUES (${key}, 1, clock_timestamp() + make_interval(secs => ${seconds}))
      ON CONFLICT (key) DO UPDATE SET
        mails = CASE WHEN count.ends_at > clock_timestamp() THEN count.mails + 1 ELSE 1 END,
        ends_at = CASE WHEN count.ends_at > clock_timestamp() THEN count.ends_at ELSE excluded.ends_at END
      WHERE count.ends_at <= clock_timestamp() OR count.mails < ${most}
      RETURNING count.key
    )
    SELECT EXISTS (SELECT FROM counted) AS is_admitted, greatest(1, coalesce((
      SELECT ceil(extract(epoch FROM count.ends_at - clock_timestamp()))
      FROM mail_counts AS count WHERE count.key = ${key}), 1))::int AS retry_after`
}
