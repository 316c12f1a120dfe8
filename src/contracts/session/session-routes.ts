import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { AuthError } from '../../core/errors.js'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { authentication } from '../../http/authentication.js'
import type { ContractOptions } from '../../http/contract.js'
import { clientInfoOf } from '../../http/client-info.js'
import { passwordRoute } from '../../http/password-route.js'
import { accessTokenFrom, requireToken } from '../../http/access-token-source.js'
import {
  ChangePassword, CurrentSession, Done, failures, PasswordChanged, RevokeSession, SessionList
} from './schemas.js'
import { toSession, toUser } from './views.js'

const shared = { tags: ['session'], security: [{ session: [] }, { bearer: [] }] }

/** Seed 000: what a signed-in person sees and does of their sessions. */
export const sessionRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const tokenOf = accessTokenFrom(settings, 'session')
  const { check: onRequest, principalOf } = authentication(core, tokenOf)
  const { sessions } = core

  app.get('/api/auth/get-session', {
    schema: {
      ...shared,
      operationId: 'getSession',
      summary: 'The session and whose it is, or null',
      response: { 200: CurrentSession, ...failures() }
    }
  }, async (request, reply) => {
    const token = tokenOf(request)
    const principal = token === null ? null : await core.validation.authenticate(token).catch(ifNotSignedIn)
    const session = principal === null ? null : await sessions.find(principal.accountId, principal.sessionId)
    if (principal === null || session === null) return sendNull(reply)
    return { session: toSession(principal.accountId, session), user: toUser(principal.account) }
  })

  app.get('/api/auth/list-sessions', {
    schema: {
      ...shared,
      operationId: 'listSessions',
      summary: 'The live sessions of the account',
      response: { 200: SessionList, ...failures(401) }
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
      summary: 'End one session of the account',
      body: RevokeSession,
      response: { 200: Done, ...failures(401, 403) }
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
      summary: 'End all sessions of the account, this one too',
      response: { 200: Done, ...failures(401, 403) }
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
      summary: 'End all sessions of the account but this one',
      response: { 200: Done, ...failures(401, 403) }
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
      summary: 'Change the password, and end all other sessions',
      body: ChangePassword,
      response: { 200: PasswordChanged, ...failures(401, 403, 429) }
    },
    onRequest,
    ...passwordRoute({ core, settings })
  }, async request => {
    const { accountId, sessionId, account } = principalOf(request)
    const { currentPassword: current, newPassword: replacement, revokeOtherSessions = true } = request.body
    const keep = revokeOtherSessions ? { sessionId } : 'all'
    await core.changePassword({ accountId, current, replacement, minPasswordLength, keep }, clientInfoOf(request))
    return { token: revokeOtherSessions ? requireToken(tokenOf(request)) : null, user: toUser(account) }
  })
}

/** Fastify sends no body at all for null, and the client reads JSON. */
function sendNull (reply: FastifyReply): FastifyReply {
  return reply.type('application/json; charset=utf-8').send('null')
}

/** Not to be signed in is an answer here; not to know is not. */
function ifNotSignedIn (error: unknown): null {
  if (error instanceof AuthError && error.code === 'invalid_token') return null
  throw error
}
