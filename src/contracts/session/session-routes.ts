import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { authentication } from '../../http/authentication.js'
import type { ContractOptions } from '../../http/contract.js'
import {
  bodyFailures, cookieFailures, hashingFailures, tokenFailures, unreadBodyFailures
} from '../../http/failure-schemas.js'
import { clientInfoOf } from '../../http/client-info.js'
import { isForeign, ownOrigins } from '../../http/own-origins.js'
import { passwordRoute } from '../../http/password-route.js'
import { accessTokenFrom, hasBearer } from '../../http/access-token-source.js'
import { optionalBody } from '../../http/schemas.js'
import { sessionCookie } from '../../http/session-cookie.js'
import { bodyToken } from './body-token.js'
import {
  ChangePassword, CurrentSession, Done, failures, PasswordChanged, RevokeSession, SessionList
} from './schemas.js'
import { toSession, toUser } from './views.js'

const shared = { tags: ['session'], security: [{ session: [] }, { bearer: [] }] }

const manageFailures = [...tokenFailures, 'wrong_contract', 'cookie_repeated'] as const
const changeFailures = [...manageFailures, ...cookieFailures] as const

/** The sessions of an account, and its password. */
export const sessionRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const cookie = sessionCookie(`${settings.cookiePrefix}session`, 'lax', settings.secureCookies)
  const tokenOf = accessTokenFrom(settings, cookie.name)
  const bodyTokenOf = bodyToken(settings)
  const own = ownOrigins(settings)
  /** A page of another origin may be the cause of a read by cookie; what it reads is as it would be without it. */
  const isByOthers = (request: FastifyRequest) => !hasBearer(request) && isForeign(request, own)
  const { check: onRequest, principalOf } = authentication(core, tokenOf, core.validation.authenticateToManage)
  const { sessions } = core

  app.get('/api/auth/get-session', {
    schema: {
      ...shared,
      operationId: 'getSession',
      summary: 'The current session and user',
      description: 'Returns the session of the cookie or bearer token and its user, or null when there is none. ' +
        'Extends a session that was not extended for a while: the new token is set as the cookie, or for a bearer ' +
        'token sent in the header `set-auth-token`; the one presented stays valid until it expires.',
      security: [{}, ...shared.security],
      response: { 200: CurrentSession, ...failures('cookie_repeated') }
    }
  }, async (request, reply) => {
    const token = tokenOf(request)
    const current = token === null ? null : await core.validation.currentSession(token)
    if (current === null) return sendNull(reply)
    const prolonged = isByOthers(request) ? null : await core.refresh.prolong(current)
    if (prolonged !== null && hasBearer(request)) reply.header('set-auth-token', prolonged.accessToken)
    else if (prolonged !== null) cookie.set(reply, prolonged.accessToken, prolonged.expiresIn)
    const { principal: { account }, session } = prolonged === null ? current : { ...current, ...prolonged }
    return { session: toSession(account.id, session), user: toUser(account) }
  })

  app.get('/api/auth/list-sessions', {
    schema: {
      ...shared,
      operationId: 'listSessions',
      summary: 'List the live sessions of the account',
      description: 'The `token` of each is its id, which revoke-session takes; it is not a credential.',
      response: { 200: SessionList, ...failures(...manageFailures) }
    },
    onRequest
  }, async request => {
    const { accountId } = principalOf(request)
    return (await sessions.list(accountId)).map(session => toSession(accountId, session))
  })

  app.post('/api/auth/revoke-session', {
    schema: {
      ...shared,
      operationId: 'revokeSession',
      summary: 'Revoke one session of the account',
      description: 'Ends the session at once, everywhere. A session that is not there is answered 200 as well.',
      body: RevokeSession,
      response: { 200: Done, ...failures(...changeFailures, ...bodyFailures) }
    },
    onRequest
  }, async request => {
    await sessions.end(principalOf(request).accountId, request.body.token, 'revoked', clientInfoOf(request))
    return { status: true as const }
  })

  app.post('/api/auth/revoke-sessions', {
    schema: {
      ...shared,
      operationId: 'revokeSessions',
      summary: 'Revoke all sessions of the account',
      description: 'Ends all sessions of the account, the current one included.',
      ...optionalBody,
      response: { 200: Done, ...failures(...changeFailures, ...unreadBodyFailures) }
    },
    onRequest
  }, async request => {
    await sessions.endAll(principalOf(request).accountId, 'revoked', clientInfoOf(request))
    return { status: true as const }
  })

  app.post('/api/auth/revoke-other-sessions', {
    schema: {
      ...shared,
      operationId: 'revokeOtherSessions',
      summary: 'Revoke all other sessions of the account',
      description: 'Ends all sessions of the account except the current one.',
      ...optionalBody,
      response: { 200: Done, ...failures(...changeFailures, ...unreadBodyFailures) }
    },
    onRequest
  }, async request => {
    const { accountId, sessionId } = principalOf(request)
    await sessions.endOthers(accountId, sessionId, 'revoked', clientInfoOf(request))
    return { status: true as const }
  })

  app.post('/api/auth/change-password', {
    schema: {
      ...shared,
      operationId: 'changePassword',
      summary: 'Change the password',
      description: 'Sets a new password and, unless `revokeOtherSessions` is false, ends all sessions and starts a ' +
        'new one, whose token is returned and set as the cookie.',
      body: ChangePassword,
      response: {
        200: PasswordChanged,
        ...failures(
          ...changeFailures, ...bodyFailures, 'wrong_password', 'password_unacceptable', 'password_common',
          'too_many_failures', ...hashingFailures)
      }
    },
    onRequest,
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { accountId, account } = principalOf(request)
    const { currentPassword: current, newPassword: replacement, revokeOtherSessions = true } = request.body
    const change = { accountId, current, replacement, minPasswordLength }
    const clientInfo = clientInfoOf(request)
    if (!revokeOtherSessions) {
      await core.signIn.changePassword({ ...change, keep: 'all' }, clientInfo)
      return { token: null, user: toUser(account) }
    }
    const signedIn = await core.signIn.withNewPassword(change, 'session', clientInfo)
    cookie.set(reply, signedIn.accessToken, signedIn.expiresIn)
    return { token: bodyTokenOf(request, signedIn.accessToken), user: toUser(signedIn.account) }
  })
}

/** Fastify sends no body at all for null, and the client reads JSON. */
function sendNull (reply: FastifyReply): FastifyReply {
  return reply.type('application/json; charset=utf-8').send('null')
}
