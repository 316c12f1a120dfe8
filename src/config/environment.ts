import { availableParallelism } from 'node:os'
import { accessTokenTypes } from '../core/keys/jws-engine.js'
import { storedAlgorithms } from '../db/stored-values.js'
import {
  bearerSecret, choice, cidrList, databaseUrl, duration, integer, optionalText, origin, originList, secret, sender,
  text, url, window, type Variable
} from './variable.js'

/** Variables by name, as `process.env` has them. */
export type Environment = Record<string, string | undefined>

const registrations = ['open', 'closed'] as const
const passwordBlocklists = ['auto', 'all'] as const
const bodyTokens = ['always', 'not-to-pages'] as const
const refreshCommits = ['on', 'local'] as const
const emailVerifications = ['off', 'record', 'required'] as const
const switches = ['on', 'off'] as const
const booleans = ['true', 'false'] as const

/** Every variable Keyturn reads: the only place that knows their names besides `settings.ts`, which maps them. */
export const variables = {
  LISTEN: text(
    '3000=partner,session,spa,oauth,account 8000=tasks 3001=web 127.0.0.1:9000=ops,admin',
    'Which contracts are served where'
  ),
  HOST: text('127.0.0.1', 'Address of the LISTEN entries that name none'),
  PUBLIC_URL: origin('http://localhost:3000', 'Issuer and default audience of access tokens'),
  TRUST_PROXY: cidrList('Proxies whose X-Forwarded-For is trusted, as CIDRs'),
  DATABASE_URL: databaseUrl('Postgres 15 or later; without it the embedded database in DATA_DIR'),
  DATABASE_POOL_MAX: integer(10, 'Connections to Postgres', 1),
  DATA_DIR: text('.keyturn', 'Folder of the embedded database and of the generated secret'),
  REDIS_URL: url(['redis', 'rediss'], 'redis://host:6379',
    'Redis or Valkey, for rate limits across processes and quicker revocations'),
  KEYTURN_SECRET: secret('Root of all keys; required with DATABASE_URL, else generated once in DATA_DIR'),
  KEYTURN_SECRET_PREVIOUS: secret('Previous secret, accepted while KEYTURN_SECRET is being changed'),
  JWT_ALG: choice(storedAlgorithms, 'ES256', 'Algorithm of newly generated signing keys'),
  JWT_SECRET: secret('When set, access tokens are signed HS256 with its UTF-8 bytes'),
  KEY_ROTATION: window('90d', 'How long a signing key is used; 0: until keyturn key rotate'),
  ACCESS_TOKEN_TYP: choice(accessTokenTypes, 'JWT', 'typ of users\' access tokens; at+jwt as RFC 9068 has it'),
  ACCESS_TOKEN_EMAIL: choice(switches, 'on', 'Whether access tokens have the claim email'),
  ACCESS_TOKEN_TTL: duration('1h', 'Lifetime of an access token where the contract has a refresh'),
  JWT_EXPIRES_IN: duration('7d', 'Lifetime of an access token where the contract has no refresh'),
  REFRESH_TOKEN_TTL: duration('30d', 'Lifetime of a refresh token, from the refresh that issued it'),
  REFRESH_RETRY_WINDOW: window('10s', 'How long the previous refresh token gets the same successor'),
  REFRESH_CONFIRM_WINDOW: window('24h', 'The same while the successor is unconfirmed'),
  REFRESH_LATE_RETRIES: integer(3, 'Consecutive generations that may need such a late retry'),
  REFRESH_COMMIT: choice(refreshCommits, 'on',
    'local: a refresh waits for the primary\'s disk, not for a standby; all else is committed as Postgres is set'),
  REFRESH_AHEAD_MAX: integer(1_000, 'Generations by which a token may be ahead of its row after a failover; 0: none'),
  SESSION_MAX_AGE: duration('365d', 'Maximum age of a session, however often it is refreshed'),
  ACCOUNT_SESSIONS_MAX: integer(100, 'Live sessions of an account; beyond it a sign-in ends the oldest', 1),
  ACCOUNT_TASKS_MAX: integer(10_000, 'Tasks of an account', 1),
  AUDIT_RETENTION: duration('400d', 'How long audit records are kept, at least as long as a token can be valid'),
  VALIDATION_CACHE_TTL: window('5m', 'How long a validation may be cached'),
  VALIDATION_CACHE_MAX: integer(100_000, 'Cached tokens at most, half a kilobyte each', 1),
  PASSWORD_HASH_MEMORY: integer(19_456, 'argon2id memory in KiB', 19_456),
  PASSWORD_HASH_PASSES: integer(2, 'argon2id passes', 2),
  PASSWORD_HASH_CONCURRENCY: integer(availableParallelism(), 'Concurrent hashes; default: the number of cores', 1),
  PASSWORD_HASH_QUEUE: integer(64, 'Hashes waiting; beyond it sign-in answers 503 at once'),
  PASSWORD_BLOCKLIST: choice(passwordBlocklists, 'auto',
    'Where common passwords are refused; all: also at sign-up in spa, tasks and web'),
  SPA_MIN_PASSWORD: integer(6, 'Characters of a password of contract spa', 6),
  LOGIN_MAX_FAILURES: integer(10, 'Failed sign-ins of an account from one address, in LOGIN_FAILURE_WINDOW', 1),
  LOGIN_MAX_FAILURES_PER_ACCOUNT: integer(100, 'The same from all addresses without a live session of it', 1),
  LOGIN_MAX_FAILURES_PER_ADDRESS: integer(100, 'Failed sign-ins of one address over all accounts', 1),
  LOGIN_FAILURE_WINDOW: duration('15m', 'How long a failed sign-in counts'),
  EMAIL_VERIFICATION: choice(emailVerifications, 'record',
    'record: a mail at sign-up, and emailVerified says; required: no sign-in before; off: no mail at sign-up'),
  DELETION_GRACE: window('14d', 'How long an owner who deletes the account can think again; 0: not at all'),
  ACCOUNT_URL: url(['http', 'https'], 'https://app.example.com/account',
    'Address of your pages that links in mails open; default: those of Keyturn under PUBLIC_URL'),
  MAIL_URL: url(['smtp', 'smtps'], 'smtp://user:password@host:587',
    'SMTP server; without it mails are files in DATA_DIR/mail, and in production there are none'),
  MAIL_FROM: sender('Sender, as name <address> or an address; default: no-reply at the host of PUBLIC_URL'),
  MAIL_TEMPLATES: optionalText('Folder of templates that replace those of Keyturn, each by its name'),
  MAIL_MAX_PER_ADDRESS: integer(5, 'Mails an hour to one address for one purpose', 1),
  MAIL_MAX_PER_NETWORK: integer(30, 'Requests for mails an hour from one network', 1),
  MAIL_MAX_PER_HOUR: integer(1_000, 'Mails an hour of all; beyond it they wait', 1),
  CORS_ORIGIN: originList('Origins whose pages may call with cookies, comma-separated'),
  COOKIE_SECURE: choice(['auto', 'true', 'false'], 'auto',
    'Cookies are Secure; auto: in production, or when PUBLIC_URL is https'),
  COOKIE_PREFIX: choice(['auto', 'none'], 'auto',
    'auto: under https __Host- before the names of the cookies of contract session and of devices'),
  SESSION_TOKEN_IN_BODY: choice(bodyTokens, 'always',
    'Whether contract session returns the token of its cookie in the body too, where scripts of a page can read it'),
  ADMIN_TOKEN: bearerSecret('Lets who has it administer, on listeners of this machine; none if left out'),
  ADMIN_TOKEN_ANYWHERE: choice(booleans, 'false', 'Whether ADMIN_TOKEN counts on other listeners, too'),
  WEBHOOK_LOOPBACK: choice(booleans, 'false', 'Whether webhooks may be sent to this machine, also without TLS'),
  API_DOCS: choice(switches, 'on', 'Whether listeners serve /docs and /openapi.json'),
  NODE_ENV: text('development', 'production makes cookies Secure'),
  MAX_CONNECTIONS: integer(10_000, 'Connections to one listener; more are closed at once', 1),
  REGISTRATION: choice(registrations, 'open', 'Who makes accounts; closed: the operator only'),
  RATE_LIMIT_MAX: integer(300, 'Requests of one address to password routes per window; 0 turns it off'),
  RATE_LIMIT_REGISTRATIONS: integer(60, 'Registrations of one address per window, if RATE_LIMIT_MAX is on', 1),
  RATE_LIMIT_WINDOW: duration('1m', 'Window of RATE_LIMIT_MAX'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http', 'https'], 'http://127.0.0.1:4318',
    'OpenTelemetry collector that gets a trace of each request; none if left out'),
  OTEL_SERVICE_NAME: text('keyturn', 'What traces call this service'),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info', 'What is logged')
} as const satisfies Record<string, Variable<unknown>>

type Name = keyof typeof variables

/** The values of the variables: durations in seconds, lists split, defaults filled in. */
export type Values = { [Each in Name]: ReturnType<typeof variables[Each]['parse']> }

/** All problems of an environment, one line each, led by the variable's name. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor (problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads every variable by itself; an empty one counts as unset, and unset ones take their default.
 * Returns the values together with a line for each variable that is not valid, whose value is then meaningless.
 */
export function readEnvironment (env: Environment): { values: Values, problems: string[] } {
  const problems: string[] = []
  const entries = Object.entries<Variable<unknown>>(variables).map(([name, variable]) => {
    const given = env[name] === '' ? undefined : env[name]
    const value = given ?? variable.default
    if (value === undefined) return [name, undefined]
    if (!variable.isValid(value)) problems.push(`${name} ${variable.rule}`)
    return [name, variable.parse(value)]
  })
  // The names and types of the entries are those of the table.
  return { values: Object.fromEntries(entries) as Values, problems }
}
