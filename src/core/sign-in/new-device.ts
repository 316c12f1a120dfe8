import type { Fragment, Pool } from '../../db/pool.js'
import { displayName } from '../accounts/account.js'
import type { ClientInfo } from '../lib/client-info.js'
import { networkOf, shortenAddress } from '../lib/network.js'
import type { Mail } from '../mail/index.js'
import { deviceNameOf } from '../sessions/device-name.js'
import type { LookedUpRow } from './account-lookup.js'
import type { KnownDevices } from './known-devices.js'

export interface NewDeviceNoticeNeeds {
  sql: Pool
  devices: Pick<KnownDevices, 'recognize'>
  mail: Pick<Mail, 'notice'>
  /** Milliseconds since 1970. */
  now: () => number
}

export type NewDeviceNotice = ReturnType<typeof createNewDeviceNotice>

/** Notices an hour to one account: with its password one could else fill the owner's mailbox. */
const maxAnHour = 5

/**
 * Tells owners of a sign-in from a new device (OWASP ASVS 6.3.5): one without the token of an earlier sign-in, and
 * unlike any device of the account's sessions. The first sign-in after an account was made tells nothing new.
 */
export function createNewDeviceNotice ({ sql, devices, mail, now }: NewDeviceNoticeNeeds) {
  /**
   * Defines CTEs that store the notice, to be put into the statement that begins the session; they read its CTE
   * `account`. `undefined` where there is nothing to say.
   */
  return function newDeviceNotice (account: LookedUpRow, clientInfo: ClientInfo): Fragment | undefined {
    const { id, email, emailVerifiedAt } = account
    const { address, userAgent, deviceName = null, deviceToken = null } = clientInfo
    if (emailVerifiedAt === null || devices.recognize(deviceToken, email) !== null) return undefined
    const values = {
      name: displayName(account),
      device: deviceNameOf({ deviceName, userAgent }) ?? 'an unknown device',
      network: shortenAddress(address) ?? 'an unknown network',
      at: `${new Date(now()).toISOString().slice(0, 16).replace('T', ' ')} UTC`
    }
    return sql`
      new_device AS (
        SELECT account.id AS account_id FROM account
        WHERE (account.created_at < now() - interval '1 day' OR EXISTS (
          SELECT FROM sessions AS session WHERE session.account_id = ${id}
        )) AND NOT EXISTS (
          SELECT FROM sessions AS session
          WHERE session.account_id = ${id} AND session.network IS NOT DISTINCT FROM ${networkOf(address)}::text
            AND session.user_agent IS NOT DISTINCT FROM ${userAgent}::text
            AND session.device_name IS NOT DISTINCT FROM ${deviceName}::text
        ) AND ${maxAnHour} > (
          SELECT count(*) FROM mails AS mail
          WHERE mail.account_id = ${id} AND mail.kind = 'new-device' AND mail.created_at > now() - interval '1 hour'
        )
      ), new_device_notice AS (${mail.notice(account, { kind: 'new-device', values }, 'new_device')})`
  }
}
