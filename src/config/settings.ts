import type { CoreSettings } from '../core/settings.js'
import { ConfigError, readEnvironment, type Environment, type Values } from './environment.js'
import { parseListen, type ListenAddress } from './listen-addresses.js'
import { riskySettings } from './risky-settings.js'
import type { MailSettings } from '../mail/index.js'
import type { TracingSettings } from '../tracing.js'
import { readSecretFiles, sharedSecrets } from './secret-variables.js'

/** Settings as the program sees them: durations in seconds, lists split, defaults filled in. */
export interface Settings extends Omit<CoreSettings, 'secrets'> {
  listen: ListenAddress[]
  database: { url: string | undefined, poolMax: number, dataDir: string, refreshCommit: 'on' | 'local' }
  redisUrl: string | undefined
  mail: MailSettings
  /** Without `current` the secret kept in `database.dataDir`. */
  secrets: { current: string | undefined, previous: string | undefined }
  /** CIDRs of the proxies whose X-Forwarded-For is trusted. */
  trustProxy: string[]
  corsOrigins: string[]
  secureCookies: boolean
  /** Before the names of cookies that no contract's document gives: `__Host-` or nothing. */
  cookiePrefix: '__Host-' | ''
  /** Whether contract `session` returns its token to pages of a browser too, which have it as a cookie. */
  sessionTokenInBody: 'always' | 'not-to-pages'
  /** Whether listeners serve their documentation. */
  apiDocs: 'on' | 'off'
  /** Connections to one listener. */
  maxConnections: number
  passwordRules: { blocklist: 'auto' | 'all', spaMinLength: number }
  /** Requests of one address to password routes in so many seconds; a `max` of 0 turns the limit off. */
  rateLimit: { max: number, maxRegistrations: number, window: number }
  /** Whether the operator has pages of their own for what a mail opens. */
  hasOwnPages: boolean
  /** Whether anyone can make an account. */
  registration: 'open' | 'closed'
  /** Whether the admin token counts on listeners that are open to other machines. */
  adminTokenAnywhere: boolean
  /** Whether webhooks may be sent to this machine, also without TLS. */
  webhookLoopback: boolean
  logLevel: string
  /** Without it nothing is traced. */
  tracing: TracingSettings | undefined
  /** A line for each setting that is valid and dangerous, for the log. */
  risks: string[]
}

/**
 * Reads the settings from an environment, and from the files of secrets that it names. Variables of other programs are
 * ignored (see `unknownVariables`).
 * @throws ConfigError with all problems at once
 */
export function loadSettings (env: Environment, knownContracts: readonly string[]): Settings {
  const files = readSecretFiles(env)
  const { values, problems } = readEnvironment(files.env)
  problems.unshift(...files.problems)
  if (values.DATABASE_URL !== undefined && values.KEYTURN_SECRET === undefined) {
    problems.push('KEYTURN_SECRET is required with DATABASE_URL; make one with: openssl rand -base64 48')
  }
  problems.push(...sharedSecrets(values))
  const listen = parseListen(values.LISTEN, values.HOST, knownContracts)
  problems.push(...listen.problems.map(problem => `LISTEN ${problem}`))
  if (problems.length > 0) throw new ConfigError(problems)

  const isHttps = values.PUBLIC_URL.startsWith('https:')
  const secureCookies = values.COOKIE_SECURE === 'auto'
    ? values.NODE_ENV === 'production' || isHttps
    : values.COOKIE_SECURE === 'true'
  return {
    listen: listen.addresses,
    issuer: values.PUBLIC_URL,
    database: {
      url: values.DATABASE_URL,
      poolMax: values.DATABASE_POOL_MAX,
      dataDir: values.DATA_DIR,
      refreshCommit: values.REFRESH_COMMIT
    },
    redisUrl: values.REDIS_URL,
    mail: {
      delivery: deliveryOf(values),
      url: values.MAIL_URL,
      from: values.MAIL_FROM ?? { name: '', address: `no-reply@${new URL(values.PUBLIC_URL).hostname}` },
      templates: values.MAIL_TEMPLATES
    },
    pagesUrl: (values.ACCOUNT_URL ?? `${values.PUBLIC_URL}/account`).replace(/\/+$/, ''),
    hasOwnPages: values.ACCOUNT_URL !== undefined,
    secrets: { current: values.KEYTURN_SECRET, previous: values.KEYTURN_SECRET_PREVIOUS },
    keys: { algorithm: values.JWT_ALG, sharedSecret: values.JWT_SECRET, rotation: values.KEY_ROTATION },
    tokens: { accessTokenType: values.ACCESS_TOKEN_TYP, hasEmail: values.ACCESS_TOKEN_EMAIL === 'on' },
    lifetimes: {
      accessToken: values.ACCESS_TOKEN_TTL,
      longAccessToken: values.JWT_EXPIRES_IN,
      refreshToken: values.REFRESH_TOKEN_TTL,
      session: values.SESSION_MAX_AGE
    },
    refresh: {
      retryWindow: values.REFRESH_RETRY_WINDOW,
      confirmWindow: values.REFRESH_CONFIRM_WINDOW,
      lateRetries: values.REFRESH_LATE_RETRIES,
      aheadMax: values.REFRESH_AHEAD_MAX
    },
    validation: { cacheTtl: values.VALIDATION_CACHE_TTL, cacheMax: values.VALIDATION_CACHE_MAX },
    passwords: {
      memory: values.PASSWORD_HASH_MEMORY,
      passes: values.PASSWORD_HASH_PASSES,
      concurrency: values.PASSWORD_HASH_CONCURRENCY,
      queue: values.PASSWORD_HASH_QUEUE
    },
    signIn: {
      maxFailures: values.LOGIN_MAX_FAILURES,
      maxFailuresPerAccount: values.LOGIN_MAX_FAILURES_PER_ACCOUNT,
      maxFailuresPerAddress: values.LOGIN_MAX_FAILURES_PER_ADDRESS,
      failureWindow: values.LOGIN_FAILURE_WINDOW
    },
    emailVerification: values.EMAIL_VERIFICATION,
    deletionGrace: values.DELETION_GRACE,
    mailLimits: {
      maxPerAddress: values.MAIL_MAX_PER_ADDRESS,
      maxPerNetwork: values.MAIL_MAX_PER_NETWORK,
      maxPerHour: values.MAIL_MAX_PER_HOUR
    },
    auditRetention: values.AUDIT_RETENTION,
    adminToken: values.ADMIN_TOKEN,
    adminTokenAnywhere: values.ADMIN_TOKEN_ANYWHERE === 'true',
    webhookLoopback: values.WEBHOOK_LOOPBACK === 'true',
    quotas: { sessions: values.ACCOUNT_SESSIONS_MAX, tasks: values.ACCOUNT_TASKS_MAX },
    passwordRules: { blocklist: values.PASSWORD_BLOCKLIST, spaMinLength: values.SPA_MIN_PASSWORD },
    trustProxy: values.TRUST_PROXY,
    corsOrigins: values.CORS_ORIGIN,
    secureCookies,
    cookiePrefix: values.COOKIE_PREFIX === 'auto' && secureCookies && isHttps ? '__Host-' : '',
    sessionTokenInBody: values.SESSION_TOKEN_IN_BODY,
    apiDocs: values.API_DOCS,
    maxConnections: values.MAX_CONNECTIONS,
    rateLimit: {
      max: values.RATE_LIMIT_MAX, maxRegistrations: values.RATE_LIMIT_REGISTRATIONS, window: values.RATE_LIMIT_WINDOW
    },
    registration: values.REGISTRATION,
    logLevel: values.LOG_LEVEL,
    tracing: tracingOf(values),
    risks: riskySettings(values)
  }
}

function tracingOf (values: Values): TracingSettings | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: serviceName } = values
  return endpoint === undefined ? undefined : { endpoint: endpoint.replace(/\/$/, ''), serviceName }
}

/** Files are for trying things out: in production they would not be read. */
function deliveryOf ({ MAIL_URL, NODE_ENV }: Pick<Values, 'MAIL_URL' | 'NODE_ENV'>): MailSettings['delivery'] {
  if (MAIL_URL !== undefined) return 'smtp'
  return NODE_ENV === 'production' ? 'none' : 'files'
}
