import { auditEventKinds, type PartnerEventName } from '../../db/audit-events.js'
import type { EventRow } from './event-statements.js'

const caep = 'https://schemas.openid.net/secevent/caep/event-type'
const risc = 'https://schemas.openid.net/secevent/risc/event-type'

/** The type of each security event (OpenID CAEP 1.0, section 3; OpenID RISC 1.0, section 2). */
const eventTypes = {
  'session-revoked': `${caep}/session-revoked`,
  'credential-change': `${caep}/credential-change`,
  'account-disabled': `${risc}/account-disabled`,
  'account-purged': `${risc}/account-purged`,
  'identifier-changed': `${risc}/identifier-changed`
} as const satisfies Record<PartnerEventName, string>

export const sessionRevoked = eventTypes['session-revoked']

/** Every type of event that a partner can get. */
export const supportedEventTypes: string[] = Object.values(eventTypes)

/** The event that answers a request for verification (SSF 1.0, section 8.1.4). */
export const verificationType = 'https://schemas.openid.net/secevent/ssf/event-type/verification'

/** What is sent for a kind of audit record: the first type has the record's own id, another one an id derived of it. */
export interface SentEvent {
  kind: string
  type: string
  isFirst: boolean
}

export const sentEvents: SentEvent[] = Object.entries(auditEventKinds).flatMap(([kind, { partnerEvents }]) =>
  partnerEvents.map((name, place) => ({ kind, type: eventTypes[name], isFirst: place === 0 })))

/** The members of an event besides its type and subject; those of CAEP say when and by whom (CAEP 1.0, section 2). */
export function detailsOf ({ type, event, actor, at }: EventRow): object {
  if (type === eventTypes['session-revoked']) {
    return { event_timestamp: at, initiating_entity: initiatingEntity(actor) ?? auditEventKinds[event].initiatedBy }
  }
  if (type === eventTypes['credential-change']) {
    return { event_timestamp: at, credential_type: 'password', change_type: 'update' }
  }
  return {}
}

/** CAEP's name of an actor of the audit log; records of version 0.1 have none. */
function initiatingEntity (actor: string | null): string | undefined {
  if (actor === null) return undefined
  const entities: Record<string, string> = { user: 'user', operator: 'admin', admin_token: 'admin', policy: 'policy' }
  return entities[actor] ?? (actor.startsWith('cli:') ? 'admin' : 'system')
}
