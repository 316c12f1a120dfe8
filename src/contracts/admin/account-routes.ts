import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthError } from '../../core/errors.js'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { readLimit } from '../../http/paging.js'
import { Exported } from '../../http/personal-data/export-schemas.js'
import { sendExport } from '../../http/personal-data/send-export.js'
import { forScope, idempotencyFailures, IdempotencyKey, operatorFailures, type AdminOptions } from './operator.js'
import {
  AccountChange, AccountList, AccountPath, AccountQuery, Created, defaultPage, Deletion, Done, failures, IfMatch,
  NewAccount, OneAccount
} from './schemas.js'
import { etagOf, toAccountView } from './views.js'

const named = ['invalid_body', 'not_found'] as const

/** A time in a request, if it is given. */
const dateOf = (text: string | undefined): Date | undefined => text === undefined ? undefined : new Date(text)

/** Finds, makes, changes and deletes accounts. */
export const accountRoutes: FastifyPluginAsyncTypebox<AdminOptions> = async (app, options) => {
  const { core: { accounts, personalData }, guard, now } = options
  const { requires, by } = guard

  app.get('/admin/accounts', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminAccounts',
      summary: 'Find accounts, newest first',
      description: 'Returns a page of the accounts for which all that is given is so.',
      querystring: AccountQuery,
      response: { 200: AccountList, ...failures(...operatorFailures, 'invalid_body') }
    },
    onRequest: requires('admin:read'),
    preValidation: readLimit
  }, async request => {
    const {
      limit = defaultPage, cursor: after, created_from: from, created_to: to, id, email, username, prefix, status
    } = request.query
    const { accounts: page, next } = await accounts.search({
      id, email, username, prefix, status, limit, after, createdFrom: dateOf(from), createdTo: dateOf(to)
    })
    return { success: true as const, data: { items: page.map(toAccountView), next } }
  })

  app.post('/admin/accounts', {
    schema: {
      ...forScope('admin:accounts'),
      operationId: 'adminCreateAccount',
      summary: 'Make an account',
      description: 'Makes an account, also where registration is closed. No mail is sent.',
      headers: IdempotencyKey,
      body: NewAccount,
      response: {
        201: Created,
        ...failures(...operatorFailures, ...bodyFailures, ...idempotencyFailures, 'email_taken', 'username_taken',
          'password_unacceptable', 'password_common', 'overloaded')
      }
    },
    onRequest: requires('admin:accounts')
  }, async (request, reply) => {
    const { email, password = null, emailVerified, name, username, subscription, reason } = request.body
    const account = await accounts.register({
      email,
      password,
      minPasswordLength,
      emailVerified,
      name: name ?? undefined,
      username: username ?? undefined,
      subscription: toSubscription(subscription)
    }, by(request, reason))
    reply.code(201).header('etag', etagOf(account)).header('location', `/admin/accounts/${account.id}`)
    return { success: true as const, data: { account: toAccountView(account) } }
  })

  app.get('/admin/accounts/:id', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminAccount',
      summary: 'An account',
      description: 'Returns the account, with its version in the header `ETag`.',
      params: AccountPath,
      response: { 200: OneAccount, ...failures(...operatorFailures, ...named) }
    },
    onRequest: requires('admin:read')
  }, async (request, reply) => {
    const account = await accounts.find(request.params.id)
    if (account === null) throw new AuthError('not_found')
    reply.header('etag', etagOf(account))
    return { success: true as const, data: { account: toAccountView(account) } }
  })

  app.get('/admin/accounts/:id/export', {
    schema: {
      ...forScope('admin:read'),
      operationId: 'adminExportAccount',
      summary: 'Export all data of an account',
      description: 'Returns what its owner gets from `/api/account/me/export`: all that is stored, save for secrets, ' +
        'as an attachment without the envelope. A reply that is cut off is not valid JSON: ask again.',
      params: AccountPath,
      response: { 200: Exported, ...failures(...operatorFailures, ...named) }
    },
    onRequest: requires('admin:read')
  }, async (request, reply) => {
    const { id } = request.params
    if (await accounts.find(id) === null) throw new AuthError('not_found')
    return sendExport(reply, await personalData.export(id), now()) as never
  })

  app.patch('/admin/accounts/:id', {
    schema: {
      ...forScope('admin:accounts'),
      operationId: 'adminUpdateAccount',
      summary: 'Change an account',
      description: 'Changes what is given, all of it or nothing. The sessions go on. No mail is sent.',
      params: AccountPath,
      headers: IfMatch,
      body: AccountChange,
      response: {
        200: OneAccount,
        ...failures(...operatorFailures, ...named, ...bodyFailures, 'email_taken', 'username_taken',
          'changed_meanwhile')
      }
    },
    onRequest: requires('admin:accounts')
  }, async (request, reply) => {
    const { email, emailVerified, name, username, subscription, reason } = request.body
    const account = await accounts.change(request.params.id, {
      email, emailVerified, name, username, subscription: toSubscription(subscription)
    }, versionIn(request.headers['if-match']), by(request, reason))
    reply.header('etag', etagOf(account))
    return { success: true as const, data: { account: toAccountView(account) } }
  })

  app.delete('/admin/accounts/:id', {
    schema: {
      ...forScope('admin:accounts'),
      operationId: 'adminDeleteAccount',
      summary: 'Delete an account',
      description: 'Deletes the account at once, with all that belongs to it; audit records stay, without what names ' +
        'a person.',
      params: AccountPath,
      body: Deletion,
      response: { 200: Done, ...failures(...operatorFailures, ...named, ...bodyFailures) }
    },
    onRequest: requires('admin:accounts')
  }, async request => {
    await accounts.delete(request.params.id, by(request, request.body.reason))
    return { success: true as const, data: { done: true as const } }
  })
}

interface SentSubscription { status: string, plan: string, expiresAt: string | null }

function toSubscription (sent: SentSubscription | null | undefined) {
  if (sent === null || sent === undefined) return sent
  const { status, plan, expiresAt } = sent
  return { status, plan, expiresAt: expiresAt === null ? null : new Date(expiresAt) }
}

/** The version that a request expects, in the tag without its quotes; `null` for any (RFC 9110 13.1.1). */
function versionIn (header: string | undefined): string | null {
  return header === undefined || header.trim() === '*' ? null : header.trim().replaceAll('"', '')
}
