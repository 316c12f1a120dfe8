import { readFileSync } from 'node:fs'
import type { Environment, Values } from './environment.js'
import { isStrongSecret } from './variable.js'

/** The variables whose value may be in a file, as container platforms mount secrets; and what names the file. */
const fileVariableOf = {
  DATABASE_URL: 'DATABASE_URL_FILE',
  REDIS_URL: 'REDIS_URL_FILE',
  MAIL_URL: 'MAIL_URL_FILE',
  KEYTURN_SECRET: 'KEYTURN_SECRET_FILE',
  KEYTURN_SECRET_PREVIOUS: 'KEYTURN_SECRET_PREVIOUS_FILE',
  JWT_SECRET: 'JWT_SECRET_FILE',
  ADMIN_TOKEN: 'ADMIN_TOKEN_FILE'
} as const

export const fileVariables = Object.values(fileVariableOf)

/**
 * Reads the files of secrets into their variables, less the line break at the end. Returns the environment together
 * with a line for each file that cannot be read or whose variable is set as well.
 */
export function readSecretFiles (env: Environment): { env: Environment, problems: string[] } {
  const filled = { ...env }
  const problems: string[] = []
  for (const [name, fileVariable] of Object.entries(fileVariableOf)) {
    const path = env[fileVariable]
    if (path === undefined || path === '') continue
    if (env[name] !== undefined && env[name] !== '') {
      problems.push(`${fileVariable} and ${name} are both set; keep one of them`)
      continue
    }
    try {
      filled[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
      if (filled[name] === '') problems.push(`${fileVariable} names an empty file`)
    } catch (error) {
      problems.push(`${fileVariable} names a file that cannot be read: ${(error as NodeJS.ErrnoException).code}`)
    }
  }
  return { env: filled, problems }
}

/** A line for each two secrets that are the same: who is given JWT_SECRET must not have the root of all keys. */
export function sharedSecrets (values: Values): string[] {
  const { KEYTURN_SECRET: current, KEYTURN_SECRET_PREVIOUS: previous, JWT_SECRET: shared, ADMIN_TOKEN: admin } = values
  const problems: string[] = []
  if (shared !== undefined && isStrongSecret(shared) && [current, previous].includes(shared)) {
    problems.push('JWT_SECRET is the same as KEYTURN_SECRET or the one before it; choose another')
  }
  if (admin !== undefined && isStrongSecret(admin) && [current, previous, shared].includes(admin)) {
    problems.push('ADMIN_TOKEN is the same as KEYTURN_SECRET, the one before it or JWT_SECRET; choose another')
  }
  if (current !== undefined && isStrongSecret(current) && current === previous) {
    problems.push('KEYTURN_SECRET_PREVIOUS is the same as KEYTURN_SECRET; set it only while the secret changes')
  }
  return problems
}
