import type { RenderedFailure } from '../../http/contract.js'
import type { Failure } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'

/** The web API's replies, with 409 and 400 where its document shows its own service answering 500. */
export const webErrors = failureTable({
  invalid_token: [401, 'Not authenticated'],
  token_missing: [401, 'Not authenticated'],
  password_unacceptable: [400, 'Invalid request body'],
  invalid_body: [400, 'Invalid request body'],
  invalid_json: [400, 'Invalid JSON body']
})

export function renderWebFailure ({ code }: Failure): RenderedFailure {
  const { status, message } = webErrors[code]
  return { status, body: { error: message } }
}
