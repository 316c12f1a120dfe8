import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, Problem } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'

/** The words of the task API. */
export const tasksErrors = failureTable({
  invalid_token: [401, 'Invalid or expired token'],
  token_missing: [401, 'Invalid or expired token'],
  password_unacceptable: [422, 'the password is too short or too long'],
  password_common: [422, 'the password is one of the most used, or a name of yours or of this service'],
  invalid_body: [422, 'the request is not valid'],
  foreign_origin: [403, 'You do not have permission to access this resource']
})

interface Detail {
  type: string
  loc: string[]
  msg: string
}

export function renderTasksFailure (failure: Failure): RenderedFailure {
  const { status, message } = tasksErrors[failure.code]
  if (status !== 422) return { status, body: { detail: message } }
  const problems = failure.problems?.map(toDetail) ?? [{ type: 'value_error', loc: ['body'], msg: message }]
  return { status, body: { detail: problems } }
}

/** The document's words for each rule, or words like them. */
function toDetail ({ part, path, keyword, params, message }: Problem): Detail {
  const loc = [part, ...path]
  switch (keyword) {
    case 'required': return { type: 'value_error.missing', loc, msg: 'field required' }
    case 'minLength': return {
      type: 'value_error.string.too_short', loc, msg: `ensure this value has at least ${params.limit} characters`
    }
    case 'maxLength': return {
      type: 'value_error.string.too_long', loc, msg: `ensure this value has at most ${params.limit} characters`
    }
    case 'type': return { type: `type_error.${params.type}`, loc, msg: `value is not a valid ${params.type}` }
    case 'format': return params.format === 'email'
      ? { type: 'value_error.email', loc, msg: 'invalid email format' }
      : { type: `value_error.${params.format}`, loc, msg: `value is not a valid ${params.format}` }
    default: return { type: 'value_error', loc, msg: message }
  }
}
