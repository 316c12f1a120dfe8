import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SignedIn } from '../../core/sessions/session-start.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { mailFailures, proofFailures } from '../../http/failure-schemas.js'
import { deviceMemory } from '../../http/known-device.js'
import { endReplacedSession } from '../../http/replaced-session.js'
import { sessionCookie } from '../../http/session-cookie.js'
import { bodyToken } from './body-token.js'
import { Address, EmailOtp, Link, LinkSignedIn, OtpSignedIn, TokenQuery } from './mail-schemas.js'
import { foreignPageGuard, isNavigation } from './navigation.js'
import { Done, failures } from './schemas.js'
import { toSession, toUser } from './views.js'

const tags = ['session']

/** What the client of Better Auth calls to sign in with a code or a link from a mail. */
export const mailSignInRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings, now }) => {
  const { emailLinks } = core
  const cookie = sessionCookie(`${settings.cookiePrefix}session`, 'lax', settings.secureCookies)
  const rememberDevice = deviceMemory({ core, settings }, true)
  const endReplaced = endReplacedSession(core, cookie.name)
  const bodyTokenOf = bodyToken(settings)

  async function answer (request: FastifyRequest, reply: FastifyReply, signedIn: SignedIn<'session'>) {
    cookie.set(reply, signedIn.accessToken, signedIn.expiresIn)
    rememberDevice(reply, signedIn.account)
    await endReplaced(request)
    return { token: bodyTokenOf(request, signedIn.accessToken), user: toUser(signedIn.account) }
  }

  async function signInWithLink (request: FastifyRequest, reply: FastifyReply, token: string) {
    const signedIn = await emailLinks.withLink(token, 'session', clientInfoOf(request))
    const { address, userAgent } = clientInfoOf(request)
    const createdAt = new Date(now())
    const session = toSession(signedIn.account.id, {
      id: signedIn.sessionId,
      createdAt,
      updatedAt: createdAt,
      expiresAt: new Date(now() + signedIn.expiresIn * 1000),
      address,
      userAgent
    })
    return { ...await answer(request, reply, signedIn), session }
  }

  app.post('/api/auth/sign-in/email-otp', {
    schema: {
      tags,
      operationId: 'signInEmailOtp',
      summary: 'Sign in with a code',
      description: 'Nothing here makes an account. A wrong code counts as a failed sign-in.',
      body: EmailOtp,
      response: { 200: OtpSignedIn, ...failures(...proofFailures, 'deletion_pending') }
    }
  }, async (request, reply) => {
    const { email, otp } = request.body
    return answer(request, reply, await emailLinks.withEmailCode(email, otp, 'session', clientInfoOf(request)))
  })

  app.post('/api/auth/sign-in/magic-link', {
    schema: {
      tags,
      operationId: 'signInMagicLink',
      summary: 'Send a mail with a link to sign in with',
      description: 'The reply does not tell whether an account has the address; nothing here makes one.',
      body: Address,
      response: { 200: Done, ...failures(...mailFailures) }
    }
  }, async request => {
    await emailLinks.requestSignInLink(request.body.email, clientInfoOf(request))
    return { status: true as const }
  })

  app.get('/api/auth/magic-link/verify', {
    schema: {
      tags,
      operationId: 'magicLinkVerify',
      summary: 'Sign in with the token of a link',
      description: 'For a script only: a browser that navigates here is sent to the page that asks first, since ' +
        'programs that check mails open links.',
      querystring: TokenQuery,
      response: {
        200: LinkSignedIn, ...failures('invalid_link', 'invalid_body', 'deletion_pending', 'foreign_origin')
      }
    },
    onRequest: foreignPageGuard(settings)
  }, async (request, reply) => {
    const { token } = request.query
    if (isNavigation(request)) return reply.redirect(`${settings.pagesUrl}/link#token=${token}`) as never
    return signInWithLink(request, reply, token)
  })

  app.post('/api/auth/magic-link/verify', {
    schema: {
      tags,
      operationId: 'magicLinkVerifyBody',
      summary: 'The same with the token in the body, where no log has it',
      description: 'What the page that a link opens sends when its button is pressed.',
      body: Link,
      response: { 200: LinkSignedIn, ...failures(...proofFailures, 'deletion_pending') }
    }
  }, (request, reply) => signInWithLink(request, reply, request.body.token))
}
