import { availableParallelism } from 'node:os'
import { BlockList, isIP } from 'node:net'
import { FormatRegistry, Type, type StaticDecode } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { parseDuration } from './duration.js'
import { parseListen, type ListenAddress } from './listen-addresses.js'

const minimumSecretBytes = 32

FormatRegistry.Set('duration', text => (parseDuration(text) ?? 0) > 0)
FormatRegistry.Set('window', text => parseDuration(text) !== null)
FormatRegistry.Set('secret', text => Buffer.byteLength(text) >= minimumSecretBytes)
FormatRegistry.Set('integer', text => /^\d{1,9}$/.test(text))
FormatRegistry.Set('origin', isOrigin)
FormatRegistry.Set('origin-list', text => splitList(text).every(isOrigin))
FormatRegistry.Set('postgres-url', text => URL.canParse(text) && /^postgres(ql)?:\/\//.test(text))
FormatRegistry.Set('redis-url', text => URL.canParse(text) && /^rediss?:\/\//.test(text))
FormatRegistry.Set('cidr-list', text => splitList(text).every(isTrustworthyCidr))

const formatMessages: Record<string, string> = {
  duration: 'must be a duration of at least 1 s, such as 90s, 15m, 1h, 30d or plain seconds',
  window: 'must be a duration such as 10s or 24h, or 0',
  secret: `must be at least ${minimumSecretBytes} bytes long`,
  integer: 'must be a whole number',
  origin: 'must be an http or https origin without a path, such as https://auth.example.com',
  'origin-list': 'must be a comma-separated list of origins, such as https://app.example.com',
  'postgres-url': 'must be a URL such as postgres://user:password@host:5432/database',
  'redis-url': 'must be a URL such as redis://host:6379',
  'cidr-list': 'must be a comma-separated list of CIDRs, such as 10.0.0.0/8,::1/128'
}

const text = (defaultText: string, description: string) =>
  Type.String({ default: defaultText, description })

const duration = (defaultText: string, description: string, format: 'duration' | 'window' = 'duration') =>
  Type.Transform(Type.String({ format, default: defaultText, description }))
    .Decode(value => Number(parseDuration(value)))
    .Encode(String)

const integer = (defaultNumber: number, description: string, minimum = 0) =>
  Type.Transform(Type.String({ format: 'integer', default: String(defaultNumber), description, minimum }))
    .Decode(Number)
    .Encode(String)

const choice = <T extends string> (values: readonly T[], defaultValue: T, description: string) =>
  Type.Unsafe<T>(Type.Union(values.map(value => Type.Literal(value)), {
    default: defaultValue, description, format: `one of ${values.join(', ')}`
  }))

const optional = (format: string, description: string) =>
  Type.Optional(Type.String({ format, description }))

/** The environment: every variable Keyturn reads, its form, its default, what it means. */
export const Environment = Type.Object({
  LISTEN: text(
    '3000=partner,session,spa,oauth 8000=tasks 3001=web 127.0.0.1:9000=ops', 'Which contracts are served where'
  ),
  HOST: text('127.0.0.1', 'Address of the LISTEN entries that name none'),
  PUBLIC_URL: Type.String({
    format: 'origin', default: 'http://localhost:3000', description: 'Issuer and default audience of access tokens'
  }),
  TRUST_PROXY: Type.String({
    format: 'cidr-list', default: '', description: 'Proxies whose X-Forwarded-For is believed, as CIDRs'
  }),
  DATABASE_URL: optional('postgres-url', 'Postgres 15 or later; without it the embedded database in DATA_DIR'),
  DATABASE_POOL_MAX: integer(10, 'Connections to Postgres', 1),
  DATA_DIR: text('.keyturn', 'Folder of the embedded database and of the secret made for it'),
  REDIS_URL: optional('redis-url', 'Redis or Valkey, for limits of all processes together and quicker revocations'),
  KEYTURN_SECRET: optional('secret', 'Root of all keys; required with DATABASE_URL, else made once in DATA_DIR'),
  KEYTURN_SECRET_PREVIOUS: optional('secret', 'The secret before, accepted while KEYTURN_SECRET is being changed'),
  JWT_ALG: choice(['ES256', 'EdDSA', 'RS256'] as const, 'ES256', 'Algorithm of newly made signing keys'),
  JWT_SECRET: optional('secret', 'When set, access tokens are signed HS256 with its UTF-8 bytes'),
  KEY_ROTATION: duration('90d', 'How long a signing key is used; 0: until keyturn key rotate', 'window'),
  ACCESS_TOKEN_TTL: duration('1h', 'Life of an access token where the contract has a refresh'),
  JWT_EXPIRES_IN: duration('7d', 'Life of an access token where the contract has no refresh'),
  REFRESH_TOKEN_TTL: duration('30d', 'Life of a refresh token, counted anew at each refresh'),
  REFRESH_RETRY_WINDOW: duration('10s', 'How long the previous refresh token gets the same successor', 'window'),
  REFRESH_CONFIRM_WINDOW: duration('24h', 'The same while the successor is unconfirmed', 'window'),
  REFRESH_LATE_RETRIES: integer(3, 'Generations in a row that may need such a late retry'),
  SESSION_MAX_AGE: duration('365d', 'No session lives longer, however often it is refreshed'),
  VALIDATION_CACHE_TTL: duration('5m', 'How long a validated token may be answered from memory', 'window'),
  VALIDATION_CACHE_MAX: integer(100_000, 'Tokens remembered at most, half a kilobyte each', 1),
  PASSWORD_HASH_MEMORY: integer(19_456, 'argon2id memory in KiB', 19_456),
  PASSWORD_HASH_PASSES: integer(2, 'argon2id passes', 2),
  PASSWORD_HASH_CONCURRENCY: integer(availableParallelism(), 'Hashes at work at once; default: the cores', 1),
  PASSWORD_HASH_QUEUE: integer(64, 'Hashes waiting; beyond it sign-in answers 503 at once'),
  LOGIN_MAX_FAILURES: integer(10, 'Failed sign-ins of an account from one address, in LOGIN_FAILURE_WINDOW', 1),
  LOGIN_MAX_FAILURES_PER_ACCOUNT: integer(100, 'The same from all addresses without a live session of it', 1),
  LOGIN_MAX_FAILURES_PER_ADDRESS: integer(100, 'Failed sign-ins of one address over all accounts', 1),
  LOGIN_FAILURE_WINDOW: duration('15m', 'How long a failed sign-in counts'),
  CORS_ORIGIN: Type.String({
    format: 'origin-list', default: '', description: 'Origins whose pages may call with cookies, comma-separated'
  }),
  COOKIE_SECURE: choice(['auto', 'true', 'false'] as const, 'auto', 'Cookies are Secure; auto: in production'),
  NODE_ENV: text('development', 'production makes cookies Secure'),
  RATE_LIMIT_MAX: integer(300, 'Requests of one address to password routes per window; 0 turns it off'),
  RATE_LIMIT_WINDOW: duration('1m', 'Window of RATE_LIMIT_MAX'),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const, 'info', 'What is logged')
})

/** Settings as the rest of the program sees them: durations in seconds, lists split, defaults filled in. */
export type Config = Omit<StaticDecode<typeof Environment>, keyof Parsed> & Parsed

interface Parsed {
  LISTEN: ListenAddress[]
  TRUST_PROXY: string[]
  CORS_ORIGIN: string[]
  COOKIE_SECURE: boolean
}

/** Every fault of an environment, one line each, led by the variable's name. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor (faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/**
 * Reads the settings from an environment; an empty variable counts as unset, unknown variables are ignored.
 * @throws ConfigError with all faults at once
 */
export function loadConfig (env: Record<string, string | undefined>, knownContracts: readonly string[]): Config {
  const given = Object.fromEntries(Object.keys(Environment.properties)
    .filter(name => env[name] !== undefined && env[name] !== '')
    .map(name => [name, env[name]]))
  const raw = Value.Default(Environment, given) as Record<string, string>

  const faults = schemaFaults(raw)
  if (raw.DATABASE_URL !== undefined && raw.KEYTURN_SECRET === undefined) {
    faults.push('KEYTURN_SECRET is required with DATABASE_URL; make one with: openssl rand -base64 48')
  }
  const listen = parseListen(String(raw.LISTEN), String(raw.HOST), knownContracts)
  faults.push(...listen.faults.map(fault => `LISTEN ${fault}`))
  if (faults.length > 0) throw new ConfigError(faults)

  const settings = Value.Decode(Environment, raw)
  return {
    ...settings,
    LISTEN: listen.addresses,
    TRUST_PROXY: splitList(settings.TRUST_PROXY),
    CORS_ORIGIN: splitList(settings.CORS_ORIGIN),
    COOKIE_SECURE: settings.COOKIE_SECURE === 'auto'
      ? settings.NODE_ENV === 'production'
      : settings.COOKIE_SECURE === 'true'
  }
}

/** The rules the schema states; a value is never repeated in a message, since it may be a secret. */
function schemaFaults (raw: Record<string, string>): string[] {
  return Object.entries(Environment.properties).flatMap(([name, schema]) => {
    const value = raw[name]
    if (value === undefined) return []
    if (!Value.Check(schema, value)) {
      return [`${name} ${formatMessages[String(schema.format)] ?? `must be ${schema.format}`}`]
    }
    return 'minimum' in schema && Number(value) < schema.minimum ? [`${name} must be at least ${schema.minimum}`] : []
  })
}

/** An origin as a browser writes it: no path, no default port, lower case (RFC 6454 6.2). */
function isOrigin (text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text
}

function splitList (list: string): string[] {
  return list.split(',').map(item => item.trim()).filter(item => item !== '')
}

/** An IPv4-mapped prefix shorter than 97 bits would trust every IPv4 address (CVE-2026-92395). */
function isTrustworthyCidr (cidr: string): boolean {
  const [address = '', bits, ...rest] = cidr.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  const width = family === 4 ? 32 : 128
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= width)) return false
  const mapped = new BlockList()
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6')
  return family === 4 || bits === undefined || Number(bits) > 96 || !mapped.check(address, 'ipv6')
}
