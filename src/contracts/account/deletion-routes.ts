import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { authentication } from '../../http/authentication.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { bodyFailures, hashingFailures, tokenFailures } from '../../http/failure-schemas.js'
import { passwordRoute } from '../../http/password-route.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import { Canceled, Deletion, DeletionScheduled } from './mail-schemas.js'
import { failures, SignIn } from './schemas.js'

const tags = ['account']

/** The end of an account, after a time in which its owner can think again. */
export const deletionRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const { check, principalOf } =
    authentication(core, accessTokenFrom(settings), core.validation.authenticateToManage)

  app.post('/api/account/me/deletion', {
    schema: {
      tags,
      security: [{ bearer: [] }],
      operationId: 'accountDelete',
      summary: 'Delete the account',
      description: 'Ends every session now, and deletes the account with all that belongs to it at `deletesAt`.',
      body: Deletion,
      response: {
        202: DeletionScheduled,
        ...failures(...tokenFailures, 'wrong_contract', ...bodyFailures, 'wrong_password', 'too_many_failures',
          ...hashingFailures)
      }
    },
    onRequest: check,
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { accountId } = principalOf(request)
    const deletesAt = await core.personalData.scheduleDeletion(
      { accountId, proof: { password: request.body.password } }, clientInfoOf(request))
    return reply.code(202).send({ success: true as const, data: { deletesAt: toWholeSeconds(deletesAt) } })
  })

  app.post('/api/account/me/deletion/cancel', {
    schema: {
      tags,
      operationId: 'accountCancelDeletion',
      summary: 'Keep the account',
      description: 'Takes the address and the password, since an account that is to be deleted has no session.',
      body: SignIn,
      response: {
        200: Canceled, ...failures(...bodyFailures, 'invalid_credentials', 'too_many_failures', ...hashingFailures)
      }
    },
    ...passwordRoute({ core, settings })
  }, async request => {
    await core.personalData.cancelDeletion(request.body, clientInfoOf(request))
    return { success: true as const, data: { canceled: true as const } }
  })
}
