import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthError } from '../../core/errors.js'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { authentication } from '../../http/authentication.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { tokenFailures } from '../../http/failure-schemas.js'
import { ignoreBodies } from '../../http/ignored-body.js'
import { readLimit } from '../../http/paging.js'
import { Ended, failures, maxPage, SessionList, SessionPath, SessionQuery } from './schemas.js'
import { toSession } from './views.js'

const shared = { tags: ['account'], security: [{ bearer: [] }] }

const manageFailures = [...tokenFailures, 'wrong_contract'] as const

const ended = (count: number) => ({ success: true as const, data: { ended: count } })

/** The devices on which an account is signed in. */
export const sessionRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const { check, principalOf } =
    authentication(core, accessTokenFrom(settings), core.validation.authenticateToManage)
  const { sessions } = core
  app.addHook('onRequest', check)
  ignoreBodies(app)

  app.get('/api/account/sessions', {
    schema: {
      ...shared,
      operationId: 'accountSessions',
      summary: 'List the live sessions, newest first',
      description: 'Returns a page of the devices on which the account is signed in, in every contract.',
      querystring: SessionQuery,
      response: { 200: SessionList, ...failures(...manageFailures, 'invalid_body') }
    },
    preValidation: readLimit
  }, async request => {
    const { accountId, sessionId } = principalOf(request)
    const { limit = maxPage, cursor } = request.query
    const { sessions: page, next } = await sessions.page(accountId, limit, cursor ?? null)
    return { success: true as const, data: { sessions: page.map(each => toSession(each, sessionId)), next } }
  })

  app.delete('/api/account/sessions/:id', {
    schema: {
      ...shared,
      operationId: 'accountEndSession',
      summary: 'End a session',
      description: 'Signs a device out at once, everywhere; it may be this one.',
      params: SessionPath,
      response: { 200: Ended, ...failures(...manageFailures, 'invalid_body', 'session_not_found') }
    }
  }, async request => {
    const { accountId } = principalOf(request)
    const wasLive = await sessions.end(accountId, request.params.id, 'revoked', clientInfoOf(request))
    if (!wasLive) throw new AuthError('session_not_found')
    return ended(1)
  })

  app.post('/api/account/sessions/end-others', {
    schema: {
      ...shared,
      operationId: 'accountEndOtherSessions',
      summary: 'End all other sessions',
      description: 'Signs every other device out.',
      response: { 200: Ended, ...failures(...manageFailures) }
    }
  }, async request => {
    const { accountId, sessionId } = principalOf(request)
    return ended(await sessions.endOthers(accountId, sessionId, 'revoked', clientInfoOf(request)))
  })

  app.post('/api/account/sessions/end-all', {
    schema: {
      ...shared,
      operationId: 'accountEndAllSessions',
      summary: 'End all sessions',
      description: 'Signs every device out, this one too.',
      response: { 200: Ended, ...failures(...manageFailures) }
    }
  }, async request => ended(await sessions.endAll(principalOf(request).accountId, 'revoked', clientInfoOf(request))))
}
