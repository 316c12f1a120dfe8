import type { PersonalDataExport } from '../../core/personal-data/index.js'
import { toSubscription } from '../subscription.js'
import { toWholeSeconds } from '../timestamps.js'
import {
  toExportedEvent, toExportedMail, toExportedProfile, toExportedSession, toExportedTask
} from './export-views.js'

/**
 * All that is stored of a person in JSON, piece by piece: it may be large, and is read from the database meanwhile.
 * @param now milliseconds since 1970
 */
export function exportText (exported: PersonalDataExport, now: number): AsyncGenerator<string> {
  const { account, externalId, sessions, auditEvents, mails, tasks } = exported
  return jsonOf({
    exportedAt: toWholeSeconds(now),
    profile: toExportedProfile(account, externalId),
    subscription: toSubscription(account),
    sessions: sessions.map(toExportedSession),
    auditEvents: mapped(auditEvents, toExportedEvent),
    mails: mails.map(toExportedMail),
    tasks: mapped(tasks, toExportedTask)
  })
}

async function * mapped<From, To> (items: AsyncIterable<From>, map: (item: From) => To): AsyncGenerator<To> {
  for await (const item of items) yield map(item)
}

/** The text of an object, some of whose members are lists that are read meanwhile. */
async function * jsonOf (members: Record<string, unknown>): AsyncGenerator<string> {
  let before = '{'
  for (const [name, value] of Object.entries(members)) {
    yield `${before}${JSON.stringify(name)}:`
    before = ','
    if (isAsyncIterable(value)) yield * listOf(value)
    else yield JSON.stringify(value)
  }
  yield '}'
}

async function * listOf (items: AsyncIterable<unknown>): AsyncGenerator<string> {
  let before = '['
  for await (const item of items) {
    yield before + JSON.stringify(item)
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

function isAsyncIterable (value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
