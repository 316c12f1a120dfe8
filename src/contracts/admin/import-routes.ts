import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { exportedText } from '../../core/imports/formats/export-text.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { HttpFailure } from '../../http/failure.js'
import {
  Exported, ExportQuery, ImportLines, ImportPath, ImportQuery, ndjson, OneImport, Report, Submitted
} from './import-schemas.js'
import { forScope, idempotencyFailures, IdempotencyKey, operatorFailures, type AdminOptions } from './operator.js'
import { failures } from './schemas.js'
import { toImportView } from './views.js'

/** Bytes of a request: some 80,000 lines, which are imported in ten seconds. More lines are sent in parts. */
const maxBodyBytes = 16 * 1024 * 1024

const csv = 'text/csv; charset=utf-8'

/** Accounts that come from elsewhere, and that leave. */
export const importRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core, guard, now }) => {
  const { imports, accounts } = core

  // Of this scope alone: no other route takes lines, and this one takes nothing else.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(ndjson, { parseAs: 'buffer' }, (_request, body, done) => {
    if (isUtf8(body as Buffer)) done(null, body.toString())
    else done(new HttpFailure('invalid_json'))
  })

  app.post('/admin/imports', {
    bodyLimit: maxBodyBytes,
    schema: {
      ...forScope('admin:accounts'),
      operationId: 'adminImport',
      summary: 'Import accounts',
      description: 'Takes up to 16 MiB of lines, as `account import --format ndjson` does, and imports them in the ' +
        'background. A line of an account that is there changes nothing, so the same lines can be sent again.',
      consumes: [ndjson],
      querystring: ImportQuery,
      headers: IdempotencyKey,
      body: ImportLines,
      response: {
        202: Submitted,
        ...failures(...operatorFailures, 'invalid_body', 'overloaded', ...bodyFailures, ...idempotencyFailures)
      }
    },
    onRequest: guard.requires('admin:accounts')
  }, async (request, reply) => {
    const { query: { source = 'request' }, body: text } = request
    const submitted = await imports.submit({ source, text }, guard.by(request))
    return reply.code(202).header('location', `/admin/imports/${submitted.id}`)
      .send({ success: true as const, data: { import: toImportView(submitted, now()) } })
  })

  app.get('/admin/imports/:id', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminShowImport',
      summary: 'Show how far an import has come',
      description: 'Also one of the command line. An import is known for a month.',
      params: ImportPath,
      response: { 200: OneImport, ...failures(...operatorFailures, 'invalid_body', 'not_found') }
    },
    onRequest: guard.requires('admin:read')
  }, async request => {
    const found = await imports.find(request.params.id)
    return { success: true as const, data: { import: toImportView(found, now()) } }
  })

  app.get('/admin/imports/:id/report', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminImportReport',
      summary: 'Read which lines were not imported',
      description: 'Returns a line for each of them, with its number and why; nothing of what was in it.',
      params: ImportPath,
      response: { 200: Report, ...failures(...operatorFailures, 'invalid_body', 'not_found') }
    },
    onRequest: guard.requires('admin:read')
  }, async (request, reply) => {
    const { id } = await imports.find(request.params.id)
    reply.type(`${ndjson}; charset=utf-8`)
    return reply.send(Readable.from(problemLines(imports.problems(id))) as never)
  })

  app.get('/admin/export/accounts', {
    schema: {
      ...forScope('admin:accounts'),
      operationId: 'adminExportAccounts',
      summary: 'Export all accounts',
      description: 'Returns what an import reads, read from the database while it is sent. Password hashes do not ' +
        'leave by HTTP: `account export --with-hashes` has them.',
      querystring: ExportQuery,
      response: { 200: Exported, ...failures(...operatorFailures, 'invalid_body') }
    },
    onRequest: guard.requires('admin:accounts')
  }, async (request, reply) => {
    const { format = 'ndjson' } = request.query
    reply.type(format === 'csv' ? csv : `${ndjson}; charset=utf-8`)
    return reply.send(Readable.from(exportedText(accounts.all(), format, false)) as never)
  })
}

async function * problemLines (problems: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const problem of problems) yield `${JSON.stringify(problem)}\n`
}
