import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthError } from '../../core/errors.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { ignoreBodies } from '../../http/ignored-body.js'
import { allowNoBody } from '../../http/optional-body.js'
import { readLimit } from '../../http/paging.js'
import { example } from '../../http/schemas.js'
import { forScope, idempotencyFailures, IdempotencyKey, operatorFailures, type AdminOptions } from './operator.js'
import {
  AccountPath, defaultPage, Done, Ended, failures, listQuery, OneAccount, Reasoned, SessionList, SessionPath
} from './schemas.js'
import { toAccountView, toSessionView } from './views.js'

const named = ['invalid_body', 'not_found'] as const

/** What every action can be refused with. */
const actionFailures = [...operatorFailures, ...named, ...bodyFailures, ...idempotencyFailures] as const

const ended = (count: number) => ({ success: true as const, data: { ended: count } })

/** What an operator does to an account besides changing it: who gets in, and which sessions go on. */
export const accountActionRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, { core, guard }) => {
  const { requires, by } = guard
  const { accounts, sessions, emailLinks } = core

  async function requireAccount (id: string): Promise<void> {
    if (await accounts.find(id) === null) throw new AuthError('not_found')
  }

  /** Of a route that does something to an account, for which a reason can be given. */
  const action = {
    ...forScope('admin:accounts'),
    params: AccountPath,
    headers: IdempotencyKey,
    body: Reasoned,
    optionalBody: Reasoned
  }

  app.post('/admin/accounts/:id/disable', {
    schema: {
      ...action,
      operationId: 'adminDisableAccount',
      summary: 'Disable an account',
      description: 'Ends all sessions and admits no sign-in any more.',
      response: { 200: OneAccount, ...failures(...actionFailures) }
    },
    onRequest: requires('admin:accounts'),
    preValidation: allowNoBody
  }, async request => {
    const account = await accounts.disable(request.params.id, by(request, request.body.reason))
    return { success: true as const, data: { account: toAccountView(account) } }
  })

  app.post('/admin/accounts/:id/enable', {
    schema: {
      ...action,
      operationId: 'adminEnableAccount',
      summary: 'Enable an account',
      description: 'Admits sign-ins again; sessions that ended stay ended.',
      response: { 200: OneAccount, ...failures(...actionFailures) }
    },
    onRequest: requires('admin:accounts'),
    preValidation: allowNoBody
  }, async request => {
    const account = await accounts.enable(request.params.id, by(request, request.body.reason))
    return { success: true as const, data: { account: toAccountView(account) } }
  })

  app.post('/admin/accounts/:id/send-reset', {
    schema: {
      ...action,
      operationId: 'adminSendReset',
      summary: 'Send a mail for a new password',
      description: 'Sends the owner a code and a link to set a new password with; the present one goes on until then.',
      response: { 200: Done, ...failures(...actionFailures, 'mail_unavailable') }
    },
    onRequest: requires('admin:accounts'),
    preValidation: allowNoBody
  }, async request => {
    await emailLinks.sendPasswordReset(request.params.id, by(request, request.body.reason))
    return { success: true as const, data: { done: true as const } }
  })

  app.post('/admin/accounts/:id/require-reset', {
    schema: {
      ...action,
      operationId: 'adminRequireReset',
      summary: 'Require a new password',
      description: 'Of an account that may be in the wrong hands: the present password is good no more, all sessions ' +
        'end, and the owner is sent a code and a link to set a new one with.',
      response: {
        200: Ended, ...failures(...actionFailures, 'mail_unavailable', 'overloaded')
      }
    },
    onRequest: requires('admin:accounts'),
    preValidation: allowNoBody
  }, async request => {
    return ended(await emailLinks.requirePasswordReset(request.params.id, by(request, request.body.reason)))
  })

  app.post('/admin/accounts/:id/end-sessions', {
    schema: {
      ...action,
      operationId: 'adminEndSessions',
      summary: 'End all sessions of an account',
      description: 'Signs every device out, at once and everywhere.',
      response: { 200: Ended, ...failures(...actionFailures) }
    },
    onRequest: requires('admin:accounts'),
    preValidation: allowNoBody
  }, async request => {
    await requireAccount(request.params.id)
    return ended(await sessions.endAll(request.params.id, 'revoked', by(request, request.body.reason)))
  })

  await app.register(async (scope: typeof app) => {
    ignoreBodies(scope)

    scope.get('/admin/accounts/:id/sessions', {
      schema: {
        ...forScope('admin:read'),
        operationId: 'adminSessions',
        summary: 'List the live sessions of an account',
        description: 'Returns a page of the devices on which the account is signed in.',
        params: AccountPath,
        querystring: listQuery(example.sessionId),
        response: { 200: SessionList, ...failures(...operatorFailures, ...named) }
      },
      onRequest: requires('admin:read'),
      preValidation: readLimit
    }, async request => {
      const { limit = defaultPage, cursor } = request.query
      await requireAccount(request.params.id)
      const { sessions: page, next } = await sessions.page(request.params.id, limit, cursor ?? null)
      return { success: true as const, data: { items: page.map(toSessionView), next } }
    })

    scope.delete('/admin/accounts/:id/sessions/:sid', {
      schema: {
        ...forScope('admin:accounts'),
        operationId: 'adminEndSession',
        summary: 'End a session',
        description: 'Signs a device out, at once and everywhere.',
        params: SessionPath,
        response: { 200: Ended, ...failures(...operatorFailures, 'invalid_body', 'session_not_found') }
      },
      onRequest: requires('admin:accounts')
    }, async request => {
      const { id, sid } = request.params
      if (!await sessions.end(id, sid, 'revoked', by(request))) throw new AuthError('session_not_found')
      return ended(1)
    })
  })
}
