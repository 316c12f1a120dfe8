import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { hashingFailures, mailFailures, proofFailures } from '../../http/failure-schemas.js'
import { allowNoBody } from '../../http/optional-body.js'
import { passwordRoute } from '../../http/password-route.js'
import {
  Address, EmailProof, OwnOrAnyAddress, PasswordReset, PasswordWasReset, Sent, Verified
} from './mail-schemas.js'
import { proofOf } from './proof.js'
import { failures } from './schemas.js'

const tags = ['account']

const sent = { success: true as const, data: { sent: true as const } }

/** What people do who read an address: prove it, and choose a new password. */
export const verificationRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const { emailLinks } = core
  const tokenOf = accessTokenFrom(settings)

  async function ownEmail (request: FastifyRequest): Promise<string> {
    const { account } = await core.validation.authenticate(requireToken(tokenOf(request)))
    return account.email
  }

  app.post('/api/account/email-verification', {
    schema: {
      tags,
      operationId: 'accountSendVerification',
      summary: 'Send a mail that verifies the address',
      description: 'Of the account of the access token, or of the one in the body. The reply does not tell whether ' +
        'an account has the address.',
      security: [{}, { bearer: [] }],
      body: OwnOrAnyAddress,
      optionalBody: OwnOrAnyAddress,
      response: { 202: Sent, ...failures(...mailFailures, 'token_missing', 'invalid_token') }
    },
    preValidation: allowNoBody
  }, async (request, reply) => {
    const email = request.body.email ?? await ownEmail(request)
    await emailLinks.requestVerification(email, clientInfoOf(request))
    return reply.code(202).send(sent)
  })

  app.post('/api/account/email-verification/confirm', {
    schema: {
      tags,
      operationId: 'accountVerifyEmail',
      summary: 'Verify the address with the code or the link of the mail',
      description: 'Using one of them uses up the other. A wrong code counts as a failed sign-in.',
      body: EmailProof,
      response: { 200: Verified, ...failures(...proofFailures) }
    }
  }, async request => {
    await emailLinks.verify(proofOf(request.body), clientInfoOf(request))
    return { success: true as const, data: { verified: true as const } }
  })

  app.post('/api/account/password-reset', {
    schema: {
      tags,
      operationId: 'accountSendPasswordReset',
      summary: 'Send a mail with which a new password is chosen',
      description: 'The reply does not tell whether an account has the address.',
      body: Address,
      response: { 202: Sent, ...failures(...mailFailures) }
    }
  }, async (request, reply) => {
    await emailLinks.requestPasswordReset(request.body.email, clientInfoOf(request))
    return reply.code(202).send(sent)
  })

  app.post('/api/account/password-reset/confirm', {
    schema: {
      tags,
      operationId: 'accountResetPassword',
      summary: 'Choose a new password with the code or the link of the mail',
      description: 'Ends every session, and verifies the address; sign in with the new password. One that is refused ' +
        'leaves the code and the link as they were.',
      body: PasswordReset,
      response: {
        200: PasswordWasReset,
        ...failures(...proofFailures, 'password_unacceptable', 'password_common', ...hashingFailures)
      }
    },
    ...passwordRoute({ core, settings })
  }, async request => {
    const { newPassword: password } = request.body
    await emailLinks.resetPassword(proofOf(request.body), { password, minPasswordLength }, clientInfoOf(request))
    return { success: true as const, data: { reset: true as const } }
  })
}
