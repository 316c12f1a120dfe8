import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { PersonalDataExport } from '../../core/personal-data/index.js'
import { toSubscription } from '../subscription.js'
import { toWholeSeconds } from '../timestamps.js'
import {
  toExportedEvent, toExportedMail, toExportedProfile, toExportedSession, toExportedTask
} from './export-views.js'

/**
 * Sends all that is stored of a person as a file. It may be large: it is read from the database while it is sent.
 * @param now milliseconds since 1970
 */
export function sendExport (
  reply: Pick<FastifyReply, 'type' | 'header' | 'send'>, exported: PersonalDataExport, now: number
) {
  const { account, sessions, auditEvents, mails, tasks } = exported
  const parts = {
    exportedAt: toWholeSeconds(now),
    profile: toExportedProfile(account),
    subscription: toSubscription(account),
    sessions: sessions.map(toExportedSession),
    auditEvents: mapped(auditEvents, toExportedEvent),
    mails: mails.map(toExportedMail),
    tasks: mapped(tasks, toExportedTask)
  }
  reply.type('application/json; charset=utf-8')
  reply.header('content-disposition', 'attachment; filename="account.json"')
  return reply.send(Readable.from(jsonOf(parts)))
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
