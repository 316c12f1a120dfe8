import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { mailFailures, proofFailures } from '../../http/failure-schemas.js'
import { deviceMemory } from '../../http/known-device.js'
import { Address, CodeSent, CodeSignIn, Link, MailSignedIn, Sent } from './mail-schemas.js'
import { failures } from './schemas.js'
import { toTokenSet } from './views.js'

const tags = ['account']

/** Sign-in without a password: with a code or a link from a mail. */
export const mailSignInRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const { emailLinks } = core
  const rememberDevice = deviceMemory({ core, settings }, false)

  app.post('/api/account/sign-in/code', {
    schema: {
      tags,
      operationId: 'accountSendSignInCode',
      summary: 'Send a mail with a code to sign in with',
      description: 'The reply does not tell whether an account has the address; nothing here makes one.',
      body: Address,
      response: { 202: CodeSent, ...failures(...mailFailures) }
    }
  }, async (request, reply) => {
    const toType = await emailLinks.requestSignInCode(request.body.email, clientInfoOf(request))
    return reply.code(202).send({ success: true as const, data: toType })
  })

  app.post('/api/account/sign-in/code/verify', {
    schema: {
      tags,
      operationId: 'accountSignInWithCode',
      summary: 'Sign in with the code of a mail',
      description: 'Verifies the address too. A wrong code counts as a failed sign-in; after five the code is dead.',
      body: CodeSignIn,
      response: { 200: MailSignedIn, ...failures(...proofFailures, 'deletion_pending') }
    }
  }, async (request, reply) => {
    const { challengeId, code } = request.body
    const signedIn = await emailLinks.withCode(challengeId, code, 'account', clientInfoOf(request))
    rememberDevice(reply, signedIn.account)
    return { success: true as const, data: toTokenSet(signedIn) }
  })

  app.post('/api/account/sign-in/link', {
    schema: {
      tags,
      operationId: 'accountSendSignInLink',
      summary: 'Send a mail with a link to sign in with',
      description: 'The reply does not tell whether an account has the address; nothing here makes one.',
      body: Address,
      response: { 202: Sent, ...failures(...mailFailures) }
    }
  }, async (request, reply) => {
    await emailLinks.requestSignInLink(request.body.email, clientInfoOf(request))
    return reply.code(202).send({ success: true as const, data: { sent: true as const } })
  })

  app.post('/api/account/sign-in/link/verify', {
    schema: {
      tags,
      operationId: 'accountSignInWithLink',
      summary: 'Sign in with the link of a mail',
      description: 'Verifies the address too. To be called after a click: programs that check mails open links.',
      body: Link,
      response: { 200: MailSignedIn, ...failures(...proofFailures, 'deletion_pending') }
    }
  }, async (request, reply) => {
    const signedIn = await emailLinks.withLink(request.body.token, 'account', clientInfoOf(request))
    rememberDevice(reply, signedIn.account)
    return { success: true as const, data: toTokenSet(signedIn) }
  })
}
