import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { authentication } from '../../http/authentication.js'
import type { ContractOptions } from '../../http/contract.js'
import { tokenFailures } from '../../http/failure-schemas.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import { toSubscription } from '../../http/subscription.js'
import { Exported } from './export-schemas.js'
import {
  toExportedEvent, toExportedMail, toExportedProfile, toExportedSession, toExportedTask
} from './export-views.js'
import { failures } from './schemas.js'

/** All that is stored of a user, as a file. It may be large: it is read from the database while it is sent. */
export const exportRoute: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings, now }) => {
  const { check, principalOf } =
    authentication(core, accessTokenFrom(settings), core.validation.authenticateToManage)

  app.get('/api/account/me/export', {
    schema: {
      tags: ['account'],
      security: [{ bearer: [] }],
      operationId: 'accountExport',
      summary: 'Export all data of the user',
      description: 'Returns all that is stored of the user, save for secrets, as an attachment without the envelope. ' +
        'A reply that is cut off is not valid JSON: ask again.',
      response: { 200: Exported, ...failures(...tokenFailures, 'wrong_contract') }
    },
    onRequest: check
  }, async (request, reply) => {
    const { accountId } = principalOf(request)
    const { account, sessions, auditEvents, mails, tasks } = await core.personalData.export(accountId)
    const parts = {
      exportedAt: toWholeSeconds(now()),
      profile: toExportedProfile(account),
      subscription: toSubscription(account),
      sessions: sessions.map(toExportedSession),
      auditEvents: mapped(auditEvents, toExportedEvent),
      mails: mails.map(toExportedMail),
      tasks: mapped(tasks, toExportedTask)
    }
    reply.type('application/json; charset=utf-8').header('content-disposition', 'attachment; filename="account.json"')
    // The type provider knows the object that the schema describes, not the text of it.
    return reply.send(Readable.from(jsonOf(parts)) as never)
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
