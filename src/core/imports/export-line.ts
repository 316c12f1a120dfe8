import type { ExportedAccount } from '../accounts/export.js'
import type { ImportLine } from './import-line.js'

const isoTime = (time: number | Date) => new Date(time).toISOString()

/** An account as a line that an import reads. @param hasHash whether with its password hash */
export function toExportLine (account: ExportedAccount, hasHash: boolean): ImportLine {
  const { id, email, emailVerified, name, username, createdAt, externalId, subscription, disabledAt } = account
  return {
    id,
    email,
    emailVerified,
    name,
    username,
    createdAt: isoTime(createdAt),
    externalId,
    subscription: subscription === null
      ? null
      : { ...subscription, expiresAt: subscription.expiresAt === null ? null : isoTime(subscription.expiresAt) },
    disabled: disabledAt !== null,
    ...hasHash && { passwordHash: account.passwordHash }
  }
}
