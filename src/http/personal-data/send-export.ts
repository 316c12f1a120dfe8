import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { PersonalDataExport } from '../../core/personal-data/index.js'
import { exportText } from './export-text.js'

/**
 * Sends all that is stored of a person as a file.
 * @param now milliseconds since 1970
 */
export function sendExport (
  reply: Pick<FastifyReply, 'type' | 'header' | 'send'>, exported: PersonalDataExport, now: number
) {
  reply.type('application/json; charset=utf-8')
  reply.header('content-disposition', 'attachment; filename="account.json"')
  return reply.send(Readable.from(exportText(exported, now)))
}
