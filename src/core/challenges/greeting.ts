import { displayName } from '../accounts/account.js'
import type { accounts } from '../../db/schema.js'

/** The account that a mail is for, as far as the greeting goes. */
export type Greeted = Pick<typeof accounts.$inferSelect, 'email' | 'name' | 'username' | 'emailVerifiedAt'>

/**
 * How a mail greets. An address that was not confirmed may be another person's, and the name on the account a
 * message to them: it is greeted by the address alone.
 */
export function greetingOf (account: Greeted): string {
  const isConfirmed = account.emailVerifiedAt !== null
  return displayName(isConfirmed ? account : { ...account, name: null, username: null })
}
