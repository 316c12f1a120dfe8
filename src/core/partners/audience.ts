import { violatedConstraint } from '../../db/errors.js'
import { AuthError } from '../errors.js'

/** Whether two audiences differ at most in the spelling of a URL. */
export function isSameAudience (one: string, other: string): boolean {
  return canonical(one) === canonical(other)
}

const canonical = (audience: string) =>
  URL.canParse(audience) ? new URL(audience).href.replace(/\/+$/, '') : audience

/** A refusal of an audience, and why. */
export const invalidAudience = (fault: string) => new AuthError('invalid_target', { message: `--audience ${fault}` })

/** @param id of the client that has it */
export const audienceTaken = (id: string) => invalidAudience(`is that of ${id}, which could use its tokens`)

/** Two clients were added with one audience at the same moment. */
export function ifAudienceTaken (error: unknown): never {
  throw violatedConstraint(error) === 'clients_own_audience' ? audienceTaken('another client') : error
}
