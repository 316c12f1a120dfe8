import { envelope } from '../../http/envelope.js'
import { failureTable } from '../../http/failure-defaults.js'
import { listenerFailures, signInFailures } from '../../http/failure-schemas.js'

export const partnerErrors = failureTable({
  invalid_credentials: [401, 'Email or password is incorrect'],
  too_many_failures: [429, 'Too many failed sign-ins; see the header Retry-After'],
  overloaded: [503, 'Too many sign-ins at once; try again shortly'],
  unavailable: [503, 'Cannot be answered right now; try again shortly']
})

/** The shape of a refusal that the partner API's document shows, with `reason`, `retryable` and `details` added. */
export const { render: renderPartnerFailure, errorBody } = envelope({
  table: partnerErrors,
  failures: [
    ...listenerFailures, ...signInFailures, 'invalid_token', 'invalid_refresh_token', 'internal', 'unavailable'
  ]
})
