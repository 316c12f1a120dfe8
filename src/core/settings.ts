import type { KeySettings } from './keys/index.js'
import type { PasswordSettings } from './passwords/index.js'
import type { RefreshPolicy } from './refresh/index.js'
import type { Lifetimes } from './sessions/index.js'
import type { MailLimitSettings } from './mail/index.js'
import type { EmailVerification, LoginThrottleSettings } from './sign-in/index.js'
import type { TokenSettings } from './tokens/index.js'
import type { ValidationSettings } from './validation/validation.js'

/** The settings of the rooms of the core; `config/settings.ts` reads it from the environment. */
export interface CoreSettings {
  /** Issuer and default audience of access tokens. */
  issuer: string
  /** `KEYTURN_SECRET` and, while it is being changed, the one before it. */
  secrets: { current: string, previous: string | undefined }
  keys: KeySettings
  tokens: TokenSettings
  lifetimes: Lifetimes
  refresh: RefreshPolicy
  validation: ValidationSettings
  passwords: PasswordSettings
  signIn: LoginThrottleSettings
  emailVerification: EmailVerification
  mailLimits: MailLimitSettings
  /** Seconds from an owner's wish to delete the account to its deletion. */
  deletionGrace: number
  /** The address of the pages that links in mails open, without a slash at its end. */
  pagesUrl: string
  /** Seconds for which audit records are kept. */
  auditRetention: number
  /** What authenticates an operator without a client; none if left out. */
  adminToken: string | undefined
  /** What an account can have at most. */
  quotas: { sessions: number, tasks: number }
}
