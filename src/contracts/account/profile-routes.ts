import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { authentication } from '../../http/authentication.js'
import { clientInfoOf } from '../../http/client-info.js'
import type { ContractOptions } from '../../http/contract.js'
import { bodyFailures, hashingFailures, tokenFailures } from '../../http/failure-schemas.js'
import { passwordRoute } from '../../http/password-route.js'
import { ChangePassword, failures, Me, PasswordChanged, ProfileChange } from './schemas.js'
import { toTokenSet, toUser } from './views.js'

const shared = { tags: ['account'], security: [{ bearer: [] }] }

/** The account itself: what it is called, and its password. */
export const profileRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const tokenOf = accessTokenFrom(settings)
  const reader = authentication(core, tokenOf)
  const manager = authentication(core, tokenOf, core.validation.authenticateToManage)

  app.get('/api/account/me', {
    schema: {
      ...shared,
      operationId: 'accountMe',
      summary: 'The user',
      description: 'Returns the user of the access token, which may be of any contract.',
      response: { 200: Me, ...failures(...tokenFailures) }
    },
    onRequest: reader.check
  }, async request => ({ success: true as const, data: { user: toUser(reader.principalOf(request).account) } }))

  app.patch('/api/account/me', {
    schema: {
      ...shared,
      operationId: 'accountUpdateMe',
      summary: 'Change the name and the username',
      description: 'Changes what is given: null removes it, and what is left out stays.',
      body: ProfileChange,
      response: { 200: Me, ...failures(...tokenFailures, 'wrong_contract', ...bodyFailures, 'username_taken') }
    },
    onRequest: manager.check
  }, async request => {
    const { accountId, account } = manager.principalOf(request)
    const changed = Object.keys(request.body).length === 0
      ? account
      : await core.accounts.changeProfile(accountId, request.body, clientInfoOf(request))
    return { success: true as const, data: { user: toUser(changed) } }
  })

  app.post('/api/account/password', {
    schema: {
      ...shared,
      operationId: 'accountChangePassword',
      summary: 'Change the password',
      description: 'Ends every session of the account and starts a new one for this device: all older tokens are ' +
        'dead. A wrong current password counts as a failed sign-in.',
      body: ChangePassword,
      response: {
        200: PasswordChanged,
        ...failures(...tokenFailures, 'wrong_contract', ...bodyFailures, 'wrong_password', 'password_unacceptable',
          'password_common', 'too_many_failures', ...hashingFailures)
      }
    },
    onRequest: manager.check,
    ...passwordRoute({ core, settings })
  }, async request => {
    const { accountId } = manager.principalOf(request)
    const { currentPassword: current, newPassword: replacement } = request.body
    const signedIn = await core.signIn.withNewPassword(
      { accountId, current, replacement, minPasswordLength }, 'account', clientInfoOf(request))
    return { success: true as const, data: toTokenSet(signedIn) }
  })
}
