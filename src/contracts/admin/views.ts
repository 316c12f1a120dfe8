import { statusOf } from '../../core/accounts/account-search.js'
import type { Account } from '../../core/accounts/account.js'
import { versionOf } from '../../core/accounts/managed-change.js'
import { stateOf, type StoredImport } from '../../core/imports/index.js'
import type { AuditRecord } from '../../core/audit/audit-log.js'
import type { Client } from '../../core/partners/clients.js'
import { deviceNameOf } from '../../core/sessions/device-name.js'
import type { LiveSession } from '../../core/sessions/sessions.js'
import type { Delivery, Webhook } from '../../core/webhooks/index.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import type { AuditView } from './audit-schemas.js'
import type { ClientView } from './client-schemas.js'
import type { ImportView } from './import-schemas.js'
import type { AccountView, SessionView } from './schemas.js'
import type { DeliveryView, WebhookView } from './webhook-schemas.js'

const timeOrNull = (at: Date | number | null): string | null => at === null ? null : toWholeSeconds(at)

export function toAccountView (account: Account): AccountView {
  const { id, number, email, emailVerified, name, username, subscription } = account
  return {
    id,
    number,
    email,
    emailVerified,
    name,
    username,
    subscription: subscription === null
      ? null
      : { ...subscription, expiresAt: timeOrNull(subscription.expiresAt) },
    status: statusOf(account),
    createdAt: toWholeSeconds(account.createdAt),
    updatedAt: toWholeSeconds(account.updatedAt),
    disabledAt: timeOrNull(account.disabledAt),
    deletesAt: timeOrNull(account.deletesAt)
  }
}

/** The entity tag of an account (RFC 9110 8.8.3). */
export const etagOf = (account: Account): string => `"${versionOf(account)}"`

export function toSessionView (session: LiveSession): SessionView {
  const { id, contract, userAgent, address, createdAt, updatedAt, expiresAt } = session
  return {
    id,
    contract,
    device: deviceNameOf(session),
    userAgent,
    address,
    createdAt: toWholeSeconds(createdAt),
    lastSeenAt: toWholeSeconds(updatedAt),
    expiresAt: toWholeSeconds(expiresAt)
  }
}

/** To the millisecond: records of one request follow each other within a second. */
export function toAuditView ({ at, ...record }: AuditRecord): AuditView {
  return { ...record, at: at.toISOString() }
}

export function toClientView ({ id, name, grantTypes, permissions, audience, scopes, createdAt }: Client): ClientView {
  return { id, name, grantTypes, permissions, audience, scopes, createdAt: toWholeSeconds(createdAt) }
}

export function toWebhookView ({ disabledAt, createdAt, failingSince, ...webhook }: Webhook): WebhookView {
  return {
    ...webhook,
    enabled: disabledAt === null,
    failingSince: timeOrNull(failingSince),
    createdAt: toWholeSeconds(createdAt)
  }
}

export function toDeliveryView (delivery: Delivery): DeliveryView {
  const { eventId: id, type, createdAt, dueAt, attempts, lastStatus, lastError, deliveredAt, failedAt } = delivery
  const isPending = deliveredAt === null && failedAt === null
  return {
    id,
    type,
    createdAt: toWholeSeconds(createdAt),
    state: isPending ? 'pending' : deliveredAt === null ? 'failed' : 'delivered',
    attempts,
    nextAttemptAt: isPending ? toWholeSeconds(dueAt) : null,
    lastStatus,
    lastError
  }
}

/** @param now milliseconds since 1970 */
export function toImportView (stored: StoredImport, now: number): ImportView {
  const { id, source, format, actor, lines, imported, existing, rejected, startedAt, finishedAt } = stored
  return {
    id,
    source,
    format,
    actor,
    state: stateOf(stored, now),
    lines,
    imported,
    existing,
    rejected,
    startedAt: toWholeSeconds(startedAt),
    finishedAt: timeOrNull(finishedAt)
  }
}
