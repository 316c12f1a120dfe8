import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { authentication } from '../../http/authentication.js'
import type { ContractOptions } from '../../http/contract.js'
import { tokenFailures } from '../../http/failure-schemas.js'
import { Exported } from '../../http/personal-data/export-schemas.js'
import { sendExport } from '../../http/personal-data/send-export.js'
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
  }, async (request, reply) =>
    sendExport(reply, await core.personalData.export(principalOf(request).accountId), now()) as never)
}
