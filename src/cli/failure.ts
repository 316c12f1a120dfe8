import { ConfigError } from '../config/environment.js'
import { AuthError, type AuthErrorCode } from '../core/errors.js'

/** What an operator can do about a refusal whose own message is only its name. */
const words: Partial<Record<AuthErrorCode, string>> = {
  email_taken: 'an account with this email exists already',
  username_taken: 'an account with this username exists already',
  password_common: 'the password is one of the most used, or a name of the account or of this service; choose another'
}

type SystemError = NodeJS.ErrnoException & { hostname?: string, address?: string, port?: number }

/** A failure of the system, in words: Node has only its code and the name of a function. */
const systemFailures: Record<string, (error: SystemError) => string> = {
  ENOENT: ({ path }) => `there is no file ${path}`,
  EACCES: ({ path }) => `this user may not read ${path}`,
  EISDIR: ({ path }) => `${path ?? 'that'} is a folder, not a file`,
  ENOTFOUND: ({ hostname }) => `DATABASE_URL: there is no host ${hostname}`,
  ECONNREFUSED: ({ address, port }) =>
    `DATABASE_URL: nothing listens at ${address}:${port}; is Postgres running there?`
}

/** Lines that say what was wrong, where, and what to do. */
export function explain (error: unknown): string[] {
  if (error instanceof ConfigError) return [...error.problems]
  if (error instanceof AuthError && words[error.code] !== undefined) return [String(words[error.code])]
  const cause = error instanceof AuthError && error.code === 'unavailable' ? error.cause : error
  const { code = '' } = cause as NodeJS.ErrnoException
  const inWords = systemFailures[code]?.(cause as NodeJS.ErrnoException)
  return [inWords ?? (error as Error).message]
}

/** Prints a failure on standard error: lines for people, JSON for programs that asked for it. */
export function printFailure (error: unknown, args: readonly string[]): void {
  const lines = explain(error)
  if (args.includes('--json')) {
    const code = error instanceof AuthError ? error.code : error instanceof ConfigError ? 'invalid_settings' : 'failed'
    process.stderr.write(`${JSON.stringify({ error: { code, message: lines.join('; ') } })}\n`)
    return
  }
  for (const line of lines) process.stderr.write(`keyturn: ${line}\n`)
}
