import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { hashingFailures, mailFailures, proofFailures } from '../../http/failure-schemas.js'
import { passwordRoute } from '../../http/password-route.js'
import {
  Address, EmailOtp, EmailVerified, OtpReset, OtpVerified, ResetPassword, ResetRequested, SendOtp, Succeeded, TokenQuery
} from './mail-schemas.js'
import { foreignPageGuard, isNavigation } from './navigation.js'
import { Done, failures } from './schemas.js'
import { toUser } from './views.js'

const tags = ['session']
const newPasswordFailures = ['password_unacceptable', 'password_common', ...hashingFailures] as const

/** What the client of Better Auth calls to verify an address and to choose a new password. */
export const mailRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const { emailLinks } = core

  app.post('/api/auth/send-verification-email', {
    schema: {
      tags,
      operationId: 'sendVerificationEmail',
      summary: 'Send a mail that verifies the address',
      description: 'The reply does not tell whether an account has the address.',
      body: Address,
      response: { 200: Done, ...failures(...mailFailures) }
    }
  }, async request => {
    await emailLinks.requestVerification(request.body.email, clientInfoOf(request))
    return { status: true as const }
  })

  app.get('/api/auth/verify-email', {
    schema: {
      tags,
      operationId: 'verifyEmail',
      summary: 'Verify the address with the token of a link',
      description: 'For a script only: a browser that navigates here is sent to the page that asks first, since ' +
        'programs that check mails open links.',
      querystring: TokenQuery,
      response: { 200: EmailVerified, ...failures('invalid_link', 'invalid_body', 'foreign_origin') }
    },
    onRequest: foreignPageGuard(settings)
  }, async (request, reply) => {
    const { token } = request.query
    if (isNavigation(request)) return reply.redirect(`${settings.pagesUrl}/verify#token=${token}`) as never
    const account = await emailLinks.verify({ token }, clientInfoOf(request))
    return { status: true as const, user: toUser(account) }
  })

  app.post('/api/auth/request-password-reset', {
    schema: {
      tags,
      operationId: 'requestPasswordReset',
      summary: 'Send a mail with which a new password is chosen',
      description: 'The reply does not tell whether an account has the address.',
      body: Address,
      response: { 200: ResetRequested, ...failures(...mailFailures) }
    }
  }, async request => {
    await emailLinks.requestPasswordReset(request.body.email, clientInfoOf(request))
    return { status: true as const, message: 'If an account has the address, a mail is on its way' }
  })

  app.post('/api/auth/reset-password', {
    schema: {
      tags,
      operationId: 'resetPassword',
      summary: 'Choose a new password with the token of a link',
      description: 'Ends every session of the account.',
      body: ResetPassword,
      response: { 200: Done, ...failures(...proofFailures, ...newPasswordFailures) }
    },
    ...passwordRoute({ core, settings })
  }, async request => {
    const { token, newPassword: password } = request.body
    await emailLinks.resetPassword({ token }, { password, minPasswordLength }, clientInfoOf(request))
    return { status: true as const }
  })

  app.post('/api/auth/email-otp/send-verification-otp', {
    schema: {
      tags,
      operationId: 'sendVerificationOtp',
      summary: 'Send a mail with a code',
      description: 'To sign in, to verify the address or to choose a new password. The reply does not tell whether ' +
        'an account has the address.',
      body: SendOtp,
      response: { 200: Succeeded, ...failures(...mailFailures) }
    }
  }, async request => {
    const { email, type } = request.body
    const from = clientInfoOf(request)
    if (type === 'sign-in') await emailLinks.requestSignInCode(email, from)
    else if (type === 'email-verification') await emailLinks.requestVerification(email, from)
    else await emailLinks.requestPasswordReset(email, from)
    return { success: true as const }
  })

  app.post('/api/auth/email-otp/verify-email', {
    schema: {
      tags,
      operationId: 'verifyEmailOtp',
      summary: 'Verify the address with a code',
      description: 'A wrong code counts as a failed sign-in.',
      body: EmailOtp,
      response: { 200: OtpVerified, ...failures(...proofFailures) }
    }
  }, async request => {
    const { email, otp: code } = request.body
    const account = await emailLinks.verify({ email, code }, clientInfoOf(request))
    return { status: true as const, token: null, user: toUser(account) }
  })

  app.post('/api/auth/email-otp/reset-password', {
    schema: {
      tags,
      operationId: 'resetPasswordOtp',
      summary: 'Choose a new password with a code',
      description: 'Ends every session of the account.',
      body: OtpReset,
      response: { 200: Succeeded, ...failures(...proofFailures, ...newPasswordFailures) }
    },
    ...passwordRoute({ core, settings })
  }, async request => {
    const { email, otp: code, password } = request.body
    await emailLinks.resetPassword({ email, code }, { password, minPasswordLength }, clientInfoOf(request))
    return { success: true as const }
  })
}
