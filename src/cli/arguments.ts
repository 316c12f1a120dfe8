import { InvalidArgumentError } from 'commander'
import type { Account } from '../core/accounts/account.js'
import { parseDuration } from '../config/duration.js'
import { isEmail } from '../core/accounts/email.js'
import { isUsername } from '../core/accounts/username.js'
import { AuthError } from '../core/errors.js'
import type { Core } from '../core/index.js'
import { isUuid } from '../core/lib/uuid.js'

/** Of an argument that names an account. */
export const accountHelp = 'an email or an id'

/** The account that an email or an id names. @throws AuthError `not_found` */
export async function accountOf (core: Core, reference: string): Promise<Account> {
  const account = isUuid(reference) ? await core.accounts.find(reference) : await core.accounts.findByEmail(reference)
  if (account === null) throw new AuthError('not_found', { message: 'no account has this email or id' })
  return account
}

/** The id of an account, also of one that was deleted. @throws AuthError `not_found` for an email */
export async function accountIdOf (core: Core, reference: string): Promise<string> {
  return isUuid(reference) ? reference : (await accountOf(core, reference)).id
}

/** Checks an argument that names an account. */
export function accountReference (value: string): string {
  if (!isEmail(value) && !isUuid(value)) throw new InvalidArgumentError('That is neither an email address nor an id.')
  return value
}

/** Checks an id. */
export function uuid (value: string): string {
  if (!isUuid(value)) throw new InvalidArgumentError('That is not an id.')
  return value.toLowerCase()
}

/** Checks the argument `<email>` of a new account. */
export function email (value: string): string {
  if (!isEmail(value)) throw new InvalidArgumentError('That is not an email address.')
  return value
}

/** Checks a username. */
export function username (value: string): string {
  if (!isUsername(value)) {
    throw new InvalidArgumentError('A username has letters and digits of one script, and . _ ~ + -.')
  }
  return value
}

/** Checks a number of rows. */
export function count (value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('That is not a number of at least 1.')
  return Number(value)
}

/** A time as in RFC 3339, section 5.6. `Date` alone would take `5` for a year and February 31 for March 3. */
export function time (value: string): Date {
  const [, day = ''] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.exec(value) ?? []
  const [midnight, date] = [new Date(`${day}T00:00:00Z`), new Date(value)]
  const isTime = [midnight, date].every(each => !Number.isNaN(each.getTime()))
  if (!isTime || !midnight.toISOString().startsWith(day)) {
    throw new InvalidArgumentError('That is not a time such as 2025-12-31T23:59:59Z.')
  }
  return date
}

/** A duration such as 90m, in seconds. */
export function duration (value: string): number {
  const seconds = parseDuration(value)
  if (seconds === null) throw new InvalidArgumentError('That is not a duration such as 24h.')
  return seconds
}
