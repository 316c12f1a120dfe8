import type { ChallengePurpose } from '../../db/stored-values.js'

interface Rule {
  /** Whether a code stands for it too, beside the link. */
  hasCode: boolean
  /** Seconds for which the link is good. */
  linkLifetime: number
  /** The page that the link opens, below the address of the pages. */
  page: string
  /** Whether the end of all access, and another address, end it. */
  endsWithAccess: boolean
}

const hour = 3_600

/** What a challenge of each purpose is like. */
export const challengeRules = {
  verify_email: { hasCode: true, linkLifetime: hour, page: 'verify', endsWithAccess: true },
  reset_password: { hasCode: true, linkLifetime: hour, page: 'reset', endsWithAccess: true },
  change_email: { hasCode: true, linkLifetime: hour, page: 'email', endsWithAccess: true },
  // A thief who changes the address and then the password must not shut the owner out.
  undo_email_change: { hasCode: false, linkLifetime: 72 * hour, page: 'undo', endsWithAccess: false },
  sign_in: { hasCode: true, linkLifetime: hour, page: 'link', endsWithAccess: true }
} as const satisfies Record<ChallengePurpose, Rule>

/** Seconds for which a code is good. */
export const codeLifetime = 600

/** Wrong codes after which one is dead. */
export const codeTries = 5

/** Wrong codes of an account in the window of the login throttle, over all its challenges. */
export const codeFailures = 10
