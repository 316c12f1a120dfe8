import { envelope } from '../../http/envelope.js'
import { failureTable } from '../../http/failure-defaults.js'
import { bodyFailures, listenerFailures } from '../../http/failure-schemas.js'

export const adminErrors = failureTable({
  token_missing: [401, 'Send the admin token, or an access token of a client that may administer'],
  invalid_token: [401, 'The admin token or the access token is not valid'],
  invalid_target: [409, 'The audience is that of Keyturn or of another client'],
  unavailable: [503, 'Cannot be answered right now; try again shortly']
})

/** The shape of contract `partner`. */
export const { render: renderAdminFailure, errorBody } = envelope({
  table: adminErrors,
  failures: [
    ...listenerFailures, ...bodyFailures, 'token_missing', 'invalid_token', 'insufficient_scope', 'overloaded',
    'not_found', 'session_not_found', 'email_taken', 'username_taken', 'password_unacceptable', 'password_common',
    'changed_meanwhile', 'invalid_target', 'auth_method_differs', 'webhook_refused',
    'idempotency_key_reused', 'request_in_progress',
    'mail_unavailable', 'internal', 'unavailable'
  ],
  codes: {
    password_unacceptable: 'PASSWORD_REFUSED',
    password_common: 'PASSWORD_REFUSED',
    invalid_target: 'AUDIENCE_TAKEN'
  },
  reasons: {
    token_missing: 'token_missing',
    insufficient_scope: 'insufficient_scope',
    not_found: 'not_found',
    session_not_found: 'not_found',
    email_taken: 'email_taken',
    username_taken: 'username_taken',
    password_unacceptable: 'password_unacceptable',
    password_common: 'password_common',
    changed_meanwhile: 'changed_meanwhile',
    invalid_target: 'audience_taken',
    auth_method_differs: 'auth_method_differs',
    webhook_refused: 'webhook_refused',
    idempotency_key_reused: 'idempotency_key_reused',
    request_in_progress: 'request_in_progress',
    mail_unavailable: 'mail_unavailable'
  }
})
