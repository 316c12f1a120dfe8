import type { Database } from '../db/database.js'
import { createAccounts } from './accounts/accounts.js'
import { createAudit } from './audit/index.js'
import { createChallengeMail } from './challenges/challenge-mail.js'
import { createEmailNotice } from './challenges/email-notice.js'
import { createEmailLinks } from './email-links/index.js'
import { createImports } from './imports/index.js'
import { createKeys, keyCheckIntervalMs, type OpenEngine } from './keys/index.js'
import { createPeriodicJobs } from './lib/periodic.js'
import { createMail } from './mail/index.js'
import type { MailTransport } from './mail/mail.js'
import { createOperators } from './operators/operators.js'
import { createPartners } from './partners/index.js'
import { createPasswords } from './passwords/index.js'
import { createPersonalData } from './personal-data/index.js'
import { createRefresh } from './refresh/index.js'
import { createRevocations, type Notifier } from './revocations/index.js'
import { createSecurityEvents } from './security-events/index.js'
import { createSessions } from './sessions/index.js'
import type { CoreSettings } from './settings.js'
import { createSignIn } from './sign-in/index.js'
import { createTasks } from './tasks/tasks.js'
import { createTokens } from './tokens/index.js'
import { createValidation } from './validation/validation.js'
import { createWebhooks, type WebhookSender } from './webhooks/index.js'

export interface CoreNeeds {
  db: Pick<Database, 'sql' | 'refreshSql' | 'query' | 'isWritable' | 'metrics'>
  notifier: Notifier
  /** Opens the engine that signs and verifies with a key. */
  openEngine: OpenEngine
  mailTransport: MailTransport
  webhookSender: WebhookSender
  settings: CoreSettings
  /** Milliseconds since 1970. */
  now: () => number
  /** Receives failures that no caller waits for. */
  onBackgroundError: (error: unknown) => void
}

export type Core = ReturnType<typeof createCore>

/** The rooms of the core, each over rooms above it; nothing is read or written before `lifecycle.load`. */
export function createCore (needs: CoreNeeds) {
  const {
    db, notifier, openEngine, mailTransport: transport, webhookSender: sender, settings, now, onBackgroundError: onError
  } = needs
  const { issuer, secrets, lifetimes, quotas, signIn: limits, emailVerification, pagesUrl } = settings
  const maxTokenLifetime = Math.max(lifetimes.accessToken, lifetimes.longAccessToken)

  const audit = createAudit({ db, retention: settings.auditRetention, maxTokenLifetime, now })
  const revocations = createRevocations({ db, notifier, now, onError })
  const passwords = createPasswords({ settings: settings.passwords, issuer })
  const { keyring, keys } = createKeys({ db, secrets, settings: settings.keys, openEngine, maxTokenLifetime, now })
  const mail = createMail({ db, keyring, transport, limits: settings.mailLimits, onError })
  const accounts = createAccounts({ db, passwords, revocations, emailNotice: createEmailNotice(mail) })
  const imports = createImports({ db, accounts, passwords, onError })
  const challengeMail = createChallengeMail({ sql: db.sql, keyring, mail, pagesUrl })
  const tokens = createTokens({ keyring, keys, issuer, settings: settings.tokens, now })
  const sessions = createSessions({ db, tokens, revocations, lifetimes, quotas, maxTokenLifetime })
  const refresh = createRefresh({
    db, keyring, tokens, sessions, mail, revocations, policy: settings.refresh, lifetimes, now, onError
  })
  const validation = createValidation({
    db, tokens, sessions, refresh, revocations, settings: settings.validation, now
  })
  const signIn = createSignIn({
    db,
    keyring,
    revocations,
    passwords,
    accounts,
    mail,
    challengeMail,
    sessions,
    limits,
    emailVerification,
    now,
    onError
  })
  const emailLinks = createEmailLinks({
    db, keyring, revocations, passwords, accounts, mail, challengeMail, sessions, signIn, onError
  })
  const partners = createPartners({ db, tokens, sessions, refresh, validation, issuer, lifetimes, now })
  const operators = createOperators({ db, partners, adminToken: settings.adminToken, keyring, now })
  const webhooks = createWebhooks({ db, keyring, sender, now, onError })
  const securityEvents = createSecurityEvents({ db, keys, revocations, issuer, maxTokenLifetime, now })
  const tasks = createTasks({ db, maxPerAccount: quotas.tasks })
  const personalData = createPersonalData({
    db,
    audit,
    revocations,
    passwords,
    accounts,
    mail,
    proof: signIn.proof,
    proveOwner: signIn.proveOwner,
    tasks,
    grace: settings.deletionGrace,
    now
  })
  const jobs = [
    () => keys.rotateIfDue(), partners.cleanUp, securityEvents.cleanUp, signIn.cleanUp, sessions.purge, audit.retain,
    () => mail.cleanUp(), () => emailLinks.cleanUp(), personalData.deleteDue, () => operators.cleanUp(),
    () => imports.cleanUp(), () => webhooks.cleanUp(), signIn.learnForeignHashes
  ]
  const periodicJobs = createPeriodicJobs({ jobs, intervalMs: keyCheckIntervalMs, onError })
  const background = [periodicJobs, revocations.feed, mail.delivery, webhooks.delivery]

  const rooms = {
    audit,
    passwords,
    accounts,
    imports,
    keys,
    mail,
    sessions,
    refresh,
    validation,
    signIn,
    emailLinks,
    partners,
    operators,
    webhooks,
    securityEvents,
    tasks,
    personalData
  }

  return {
    ...rooms,

    /** What this process is doing now. */
    metrics: () => ({
      ...db.metrics(),
      ...keys.metrics(),
      ...sessions.metrics(),
      ...signIn.metrics(),
      ...validation.metrics(),
      ...refresh.metrics(),
      ...passwords.metrics(),
      ...revocations.metrics(),
      ...mail.metrics(),
      ...webhooks.metrics(),
      ...securityEvents.metrics()
    }),

    lifecycle: {
      /** Reads the signing keys and what else is kept; until it has succeeded once, no token is issued or checked. */
      load: async (): Promise<void> => { await Promise.all([keys.load(), signIn.load()]) },

      /** Whether the core can answer now. Never throws. */
      isReady: async (): Promise<boolean> => keys.ready && db.isWritable(),

      /** Starts what a server does periodically; the keys must be loaded. */
      start: (): void => background.forEach(each => each.start()),

      /** Writes what is pending; to be called before the database is closed. */
      async close (): Promise<void> {
        await Promise.all([...background, imports].map(each => each.stop()))
        await refresh.close()
        await Promise.all([keys.close(), notifier.close()])
      }
    }
  }
}
