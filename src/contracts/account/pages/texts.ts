/** What a page says, and what its button does. */
export interface PageTexts {
  title: string
  /** What the button will do, and what else happens. */
  lead: string
  button: string
  done: string
}

/** The pages that links in mails open, by the end of their path. All that they say is here or in `messages`. */
export const pageTexts = {
  verify: {
    title: 'Confirm your email address',
    lead: 'You were sent here by a mail to your address. Confirm that it is yours.',
    button: 'Confirm the address',
    done: 'The address is confirmed. You can close this page.'
  },
  reset: {
    title: 'Choose a new password',
    lead: 'It has 8 characters or more. All devices are signed out when it changes.',
    button: 'Set the password',
    done: 'The password is set, and all devices are signed out. Sign in with it.'
  },
  link: {
    title: 'Sign in',
    lead: 'You were sent here by a mail that you asked for. Sign in to your account in this browser.',
    button: 'Sign in',
    done: 'You are signed in, in this browser.'
  },
  email: {
    title: 'Confirm your new email address',
    lead: 'This address becomes the one of your account.',
    button: 'Change the address',
    done: 'The address of your account is changed.'
  },
  undo: {
    title: 'Undo the change of your email address',
    lead: 'The address to which this link was sent becomes the one of your account again. All devices are signed out.',
    button: 'Bring the address back',
    done: 'The address is back, and all devices are signed out. A mail for a new password is on its way to it.'
  }
} as const satisfies Record<string, PageTexts>

export type PageName = keyof typeof pageTexts

/** What the script says, by the code of a refusal in lower case; `offline` where there was no reply. */
export const messages = {
  invalid_token: 'This link has expired or was used already. Ask for another mail.',
  validation_error: 'This link is not complete. Open it from the mail again.',
  password_refused: 'This password is too short, too long, or one of the most used. Choose another.',
  email_taken: 'Another account has this address now.',
  deletion_pending: 'This account is about to be deleted. Cancel that first.',
  rate_limited: 'There were too many attempts. Try again in a while.',
  other: 'That did not work. Try again in a moment.',
  offline: 'The service could not be reached. Your link is still good: try again.'
} as const

/** Where no contract keeps a session in the browser. */
export const noBrowserSession = 'Open this link on the device and in the application where you asked for it.'

export const noScript = 'This page needs JavaScript. Type the code of the mail instead, where you asked for it.'
