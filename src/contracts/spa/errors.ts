import type { RenderedFailure } from '../../http/contract.js'
import type { Failure, Problem } from '../../http/failure.js'
import { failureTable } from '../../http/failure-defaults.js'

/** The words of the single-page application's API. */
export const spaErrors = failureTable({
  invalid_token: [401, 'Could not validate credentials'],
  token_missing: [401, 'Could not validate credentials'],
  email_taken: [400, 'Email already registered'],
  username_taken: [400, 'Username already registered'],
  password_unacceptable: [422, 'the password is too short or too long'],
  password_common: [422, 'the password is one of the most used, or a name of yours or of this service'],
  invalid_body: [422, 'the body is not valid'],
  invalid_json: [422, 'the body is not valid JSON']
})

interface Detail {
  loc: string[]
  msg: string
  type: string
}

export function renderSpaFailure (failure: Failure): RenderedFailure {
  const { status, message } = spaErrors[failure.code]
  if (status !== 422) return { status, body: { detail: message } }
  const problems = failure.problems?.map(toDetail) ?? [{ loc: ['body'], msg: message, type: 'value_error' }]
  return { status, body: { detail: problems } }
}

const notStorable = { msg: 'value has characters that cannot be stored, or too many', type: 'value_error.str' }

const formats: Record<string, Pick<Detail, 'msg' | 'type'>> = {
  email: { msg: 'value is not a valid email address', type: 'value_error.email' },
  username: { msg: 'a username has letters and digits of one script, and . _ ~ + -', type: 'value_error.str' }
}

/** The words of FastAPI's first generation for each rule, which the contract's document shows. */
function toDetail ({ part, path, keyword, params, message }: Problem): Detail {
  const loc = [part, ...path]
  switch (keyword) {
    case 'required': return { loc, msg: 'field required', type: 'value_error.missing' }
    case 'minLength': return {
      loc, msg: `ensure this value has at least ${params.limit} characters`, type: 'value_error.any_str.min_length'
    }
    case 'maxLength': return {
      loc, msg: `ensure this value has at most ${params.limit} characters`, type: 'value_error.any_str.max_length'
    }
    case 'type': return params.type === 'string'
      ? { loc, msg: 'str type expected', type: 'type_error.str' }
      : { loc, msg: 'value is not a valid dict', type: 'type_error.dict' }
    case 'format': return { loc, ...formats[String(params.format)] ?? notStorable }
    default: return { loc, msg: message, type: 'value_error' }
  }
}
