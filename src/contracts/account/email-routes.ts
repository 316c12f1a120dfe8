import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import { authentication } from '../../http/authentication.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { hashingFailures, mailFailures, proofFailures, tokenFailures } from '../../http/failure-schemas.js'
import { passwordRoute } from '../../http/password-route.js'
import { EmailChange, EmailChanged, EmailChangeProof, Link, Restored, Sent } from './mail-schemas.js'
import { missing } from './proof.js'
import { failures } from './schemas.js'
import { toUser } from './views.js'

const tags = ['account']

/** The address of an account: a change, its confirmation, and the way back. */
export const emailRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const { emailLinks } = core
  const tokenOf = accessTokenFrom(settings)
  const { check, principalOf } = authentication(core, tokenOf, core.validation.authenticateToManage)

  app.post('/api/account/email', {
    schema: {
      tags,
      security: [{ bearer: [] }],
      operationId: 'accountSendEmailChange',
      summary: 'Send a mail that confirms a new address',
      description: 'To the new address, also if another account has it. Nothing changes before it is confirmed.',
      body: EmailChange,
      response: {
        202: Sent,
        ...failures(...tokenFailures, 'wrong_contract', ...mailFailures, 'wrong_password', 'too_many_failures',
          ...hashingFailures)
      }
    },
    onRequest: check,
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { newEmail, password } = request.body
    const { accountId } = principalOf(request)
    await emailLinks.requestEmailChange({ accountId, newEmail, proof: { password } }, clientInfoOf(request))
    return reply.code(202).send({ success: true as const, data: { sent: true as const } })
  })

  app.post('/api/account/email/confirm', {
    schema: {
      tags,
      security: [{}, { bearer: [] }],
      operationId: 'accountChangeEmail',
      summary: 'Change the address with the link or the code of the mail',
      description: 'The code needs an access token of the account. The old address, if it was verified, gets a link ' +
        'that undoes the change for 72 hours, in which no other account can take it.',
      body: EmailChangeProof,
      response: {
        200: EmailChanged, ...failures(...tokenFailures, 'wrong_contract', ...proofFailures, 'email_taken')
      }
    }
  }, async request => {
    const { token, code } = request.body
    const account = await emailLinks.changeEmail(
      token === undefined ? { code: requireCode(code), ...await ownerOf(request) } : { token }, clientInfoOf(request))
    return { success: true as const, data: { user: toUser(account) } }
  })

  async function ownerOf (request: FastifyRequest): Promise<{ accountId: string }> {
    const { accountId } = await core.validation.authenticateToManage(requireToken(tokenOf(request)))
    return { accountId }
  }

  app.post('/api/account/email/undo', {
    schema: {
      tags,
      operationId: 'accountUndoEmailChange',
      summary: 'Undo a change of address with the link that the old one got',
      description: 'Brings the address back, ends every session and sends a mail with which a new password is chosen.',
      body: Link,
      response: { 200: Restored, ...failures(...proofFailures) }
    }
  }, async request => {
    await emailLinks.undoEmailChange(request.body.token, clientInfoOf(request))
    return { success: true as const, data: { restored: true as const } }
  })
}

function requireCode (code: string | undefined): string {
  if (code === undefined) throw missing('token', 'code')
  return code
}
