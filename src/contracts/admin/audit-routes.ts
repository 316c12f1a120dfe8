import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readLimit } from '../../http/paging.js'
import { AuditQuery, AuditReply } from './audit-schemas.js'
import { forScope, operatorFailures, type AdminOptions } from './operator.js'
import { defaultPage, failures } from './schemas.js'
import { toAuditView } from './views.js'

const ndjson = 'application/x-ndjson'

/** The audit log. */
export const auditRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core: { audit }, guard }) => {
  app.get('/admin/audit', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminAudit',
      summary: 'Read the audit log, newest first',
      description: 'Returns a page of the records for which all that is given is so; with the header `Accept: ' +
        `${ndjson}\` all of them, one a line, read from the database while they are sent.`,
      querystring: AuditQuery,
      response: { 200: AuditReply, ...failures(...operatorFailures, 'invalid_body') }
    },
    onRequest: guard.requires('admin:read'),
    preValidation: readLimit
  }, async (request, reply) => {
    const { limit = defaultPage, cursor: after, account, client, actor, type, from, to } = request.query
    const wanted = {
      accountId: account,
      subject: client,
      actor,
      event: type,
      since: from === undefined ? undefined : new Date(from),
      until: to === undefined ? undefined : new Date(to)
    }
    if (request.headers.accept === ndjson) {
      reply.type(`${ndjson}; charset=utf-8`)
      return reply.send(Readable.from(linesOf(audit.all(wanted))) as never)
    }
    const { records, next } = await audit.page({ ...wanted, limit, after })
    return { success: true as const, data: { items: records.map(toAuditView), next } }
  })
}

async function * linesOf (records: ReturnType<AdminOptions['core']['audit']['all']>): AsyncGenerator<string> {
  for await (const record of records) yield `${JSON.stringify(toAuditView(record))}\n`
}
