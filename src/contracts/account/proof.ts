import type { Proof } from '../../core/email-links/presentation.js'
import { HttpFailure } from '../../http/failure.js'

interface ProofBody {
  token?: string
  email?: string
  code?: string
}

/** The token of a link, or a code with its address: a body has either. @throws HttpFailure `invalid_body` */
export function proofOf ({ token, email, code }: ProofBody): Proof {
  if (token !== undefined) return { token }
  if (email !== undefined && code !== undefined) return { email, code }
  throw missing('token', code === undefined ? 'code' : 'email')
}

/** @param members of which one is needed */
export function missing (...members: string[]): HttpFailure {
  const problems = members.map(member =>
    ({ part: 'body' as const, path: [member], keyword: 'required', params: {}, message: 'is required' }))
  return new HttpFailure('invalid_body', { problems })
}
