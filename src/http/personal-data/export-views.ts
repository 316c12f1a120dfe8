import type { Account } from '../../core/accounts/account.js'
import type { OwnRecord } from '../../core/audit/audit-log.js'
import type { StoredMail, StoredSession } from '../../core/personal-data/index.js'
import { deviceNameOf } from '../../core/sessions/device-name.js'
import type { Task } from '../../core/tasks/tasks.js'
import { toWholeSeconds } from '../timestamps.js'
import type { ExportedEvent, ExportedMail, ExportedProfile, ExportedSession, ExportedTask } from './export-schemas.js'

export function toExportedProfile (account: Account, externalId: string | null): ExportedProfile {
  const { id, number, email, emailVerified, name, username, createdAt, updatedAt } = account
  return {
    id: `user_${id}`,
    number,
    email,
    emailVerified,
    name,
    username,
    externalId,
    createdAt: toWholeSeconds(createdAt),
    updatedAt: toWholeSeconds(updatedAt)
  }
}

/** With the whole address: it is the user's own. */
export function toExportedSession (session: StoredSession): ExportedSession {
  const { id, contract, userAgent, address, createdAt, updatedAt, expiresAt, endedAt, endReason } = session
  return {
    id,
    contract,
    device: deviceNameOf(session),
    userAgent,
    address,
    createdAt: toWholeSeconds(createdAt),
    lastSeenAt: toWholeSeconds(updatedAt),
    expiresAt: toWholeSeconds(expiresAt),
    endedAt: endedAt === null ? null : toWholeSeconds(endedAt),
    endReason
  }
}

export function toExportedEvent ({ id, at, event, sessionId, address, actor }: OwnRecord): ExportedEvent {
  return { id, at: toWholeSeconds(at), event, sessionId, address, actor: actor === null ? null : shownActor(actor) }
}

/** Which of the operators it was is not the user's own data. */
function shownActor (actor: string): string {
  return actor === 'admin_token' || actor.startsWith('cli:') ? 'operator' : actor
}

export function toExportedTask ({ id, title, completed, createdAt }: Task): ExportedTask {
  return { id, title, completed, createdAt: toWholeSeconds(createdAt) }
}

export function toExportedMail ({ id, kind, recipient, createdAt, sentAt }: StoredMail): ExportedMail {
  return {
    id,
    kind,
    recipient,
    createdAt: toWholeSeconds(createdAt),
    sentAt: sentAt === null ? null : toWholeSeconds(sentAt)
  }
}
