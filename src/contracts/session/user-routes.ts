import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { authentication } from '../../http/authentication.js'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import {
  bodyFailures, cookieFailures, hashingFailures, mailFailures, tokenFailures
} from '../../http/failure-schemas.js'
import { passwordRoute } from '../../http/password-route.js'
import { sessionCookie } from '../../http/session-cookie.js'
import { ChangeEmail, DeleteUser, UpdateUser, UserDeleted } from './mail-schemas.js'
import { Done, failures } from './schemas.js'

const shared = { tags: ['session'], security: [{ session: [] }, { bearer: [] }] }
const changeFailures = [...tokenFailures, 'wrong_contract', 'cookie_repeated', ...cookieFailures] as const

/** What the client of Better Auth calls to change and to delete the account. */
export const userRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const cookie = sessionCookie(`${settings.cookiePrefix}session`, 'lax', settings.secureCookies)
  const { check: onRequest, principalOf } =
    authentication(core, accessTokenFrom(settings, cookie.name), core.validation.authenticateToManage)

  app.post('/api/auth/update-user', {
    schema: {
      ...shared,
      operationId: 'updateUser',
      summary: 'Change the name',
      description: 'Changes what is given. There are no images.',
      body: UpdateUser,
      response: { 200: Done, ...failures(...changeFailures, ...bodyFailures) }
    },
    onRequest
  }, async request => {
    const { name } = request.body
    const { accountId } = principalOf(request)
    if (name !== undefined) await core.accounts.changeProfile(accountId, { name }, clientInfoOf(request))
    return { status: true as const }
  })

  app.post('/api/auth/change-email', {
    schema: {
      ...shared,
      operationId: 'changeEmail',
      summary: 'Send a mail that confirms a new address',
      description: 'Needs a session that began less than ten minutes ago. Nothing changes before the address is ' +
        'confirmed; the reply is the same if another account has it.',
      body: ChangeEmail,
      response: { 200: Done, ...failures(...changeFailures, ...mailFailures, 'session_not_fresh') }
    },
    onRequest
  }, async request => {
    const { accountId, signedInAt } = principalOf(request)
    await core.emailLinks.requestEmailChange(
      { accountId, newEmail: request.body.newEmail, proof: { signedInAt } }, clientInfoOf(request))
    return { status: true as const }
  })

  app.post('/api/auth/delete-user', {
    schema: {
      ...shared,
      operationId: 'deleteUser',
      summary: 'Delete the account',
      description: 'Needs the password, or a session that began less than ten minutes ago. Ends every session now; ' +
        'the account is deleted after the time that the operator has set, and can be kept until then.',
      body: DeleteUser,
      optionalBody: DeleteUser,
      response: {
        200: UserDeleted,
        ...failures(...changeFailures, ...bodyFailures, 'wrong_password', 'session_not_fresh', 'too_many_failures',
          ...hashingFailures)
      }
    },
    onRequest,
    ...passwordRoute({ core, settings })
  }, async (request, reply) => {
    const { accountId, signedInAt } = principalOf(request)
    const { password } = request.body
    const proof = password === undefined ? { signedInAt } : { password }
    await core.personalData.scheduleDeletion({ accountId, proof }, clientInfoOf(request))
    cookie.clear(reply)
    return { success: true as const, message: 'Account deletion scheduled' }
  })
}
