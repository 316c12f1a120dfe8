import { availableParallelism } from 'node:os'
import t from 'tap'
import { ConfigError } from '../../src/config/environment.js'
import { loadSettings } from '../../src/config/settings.js'
import { contractNames } from '../../src/contracts/index.js'

type Variables = Record<string, string | undefined>

const secret = 'a secret of at least 32 bytes, no less'

const load = (env: Variables = {}) => loadSettings(env, contractNames)

function problemsOf (env: Variables): readonly string[] {
  try {
    load(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

t.test('an empty environment is enough', async t => {
  const day = 86_400
  t.match(load(), {
    issuer: 'http://localhost:3000',
    database: { url: undefined, poolMax: 10, dataDir: '.keyturn' },
    redisUrl: undefined,
    secrets: { current: undefined, previous: undefined },
    keys: { algorithm: 'ES256', sharedSecret: undefined, rotation: 90 * day },
    lifetimes: { accessToken: 3600, longAccessToken: 7 * day, refreshToken: 30 * day, session: 365 * day },
    refresh: { retryWindow: 10, confirmWindow: day, lateRetries: 3 },
    validation: { cacheTtl: 300, cacheMax: 100_000 },
    passwords: { memory: 19_456, passes: 2, concurrency: availableParallelism(), queue: 64 },
    signIn: { maxFailures: 10, maxFailuresPerAccount: 100, maxFailuresPerAddress: 100, failureWindow: 900 },
    trustProxy: [],
    corsOrigins: [],
    secureCookies: false,
    rateLimit: { max: 300, window: 60 },
    logLevel: 'info'
  })
})

t.test('the default LISTEN serves the partner API on port 3000', async t => {
  t.match(load().listen[0], { host: '127.0.0.1', port: 3000, contracts: ['partner'] })
})

t.test('a duration is plain seconds, or seconds, minutes, hours, days', async t => {
  const seconds = { 1: 1, '90s': 90, '15m': 900, '1h': 3600, '30d': 2_592_000, 3600: 3600, '0001m': 60 }
  for (const [text, expected] of Object.entries(seconds)) {
    t.equal(load({ ACCESS_TOKEN_TTL: text }).lifetimes.accessToken, expected, text)
  }
})

t.test('anything else is no duration', async t => {
  const wrong = ['1w', '-1', '1.5h', '1 h', ' 1h', '1h ', '1h30m', '1H', 'h', '0x10', '1e3', 'Infinity', '1234567890']
  for (const text of wrong) {
    t.match(problemsOf({ ACCESS_TOKEN_TTL: text }), [/^ACCESS_TOKEN_TTL must be a duration /], text)
  }
})

t.test('mails come from the host of PUBLIC_URL and open its pages, unless the settings say otherwise', async t => {
  const PUBLIC_URL = 'https://auth.example.com'
  t.match(load({ PUBLIC_URL }), {
    mail: { delivery: 'files', from: { name: '', address: 'no-reply@auth.example.com' } },
    pagesUrl: 'https://auth.example.com/account',
    hasOwnPages: false
  })
  t.match(load({ PUBLIC_URL, NODE_ENV: 'production' }).mail, { delivery: 'none' })
  t.match(load({
    PUBLIC_URL,
    ACCOUNT_URL: 'https://app.example.com/me/',
    MAIL_URL: 'smtp://mail.example',
    MAIL_FROM: 'Example <hello@example.com>',
    MAIL_TEMPLATES: '/etc/keyturn/mail'
  }), {
    mail: { delivery: 'smtp', from: { name: 'Example', address: 'hello@example.com' }, templates: '/etc/keyturn/mail' },
    pagesUrl: 'https://app.example.com/me',
    hasOwnPages: true
  })
})

t.test('a window may be 0, a lifetime may not', async t => {
  for (const zero of ['0', '0s', '0d']) {
    t.equal(load({ REFRESH_RETRY_WINDOW: zero }).refresh.retryWindow, 0, zero)
    t.equal(load({ REFRESH_CONFIRM_WINDOW: zero }).refresh.confirmWindow, 0, zero)
    t.match(problemsOf({ REFRESH_TOKEN_TTL: zero }), [/^REFRESH_TOKEN_TTL must be a duration of at least 1 s/], zero)
  }
})

t.test('every problem is reported at once, one line each, led by the name of the variable', async t => {
  const wrong = {
    LISTEN: '3000=nonsense',
    PUBLIC_URL: 'https://auth.example.com/path',
    TRUST_PROXY: 'everyone',
    DATABASE_URL: 'mysql://localhost/keyturn',
    REDIS_URL: 'http://localhost:6379',
    DATABASE_POOL_MAX: '0',
    KEYTURN_SECRET: 'short',
    KEYTURN_SECRET_PREVIOUS: 'short',
    JWT_ALG: 'none',
    JWT_SECRET: 'short',
    ACCESS_TOKEN_TTL: '0',
    REFRESH_RETRY_WINDOW: 'long',
    REFRESH_LATE_RETRIES: '-1',
    PASSWORD_HASH_MEMORY: '1024',
    PASSWORD_HASH_PASSES: '1',
    PASSWORD_HASH_CONCURRENCY: '0',
    CORS_ORIGIN: 'https://app.example.com,*',
    COOKIE_SECURE: 'yes',
    RATE_LIMIT_MAX: '1.5',
    MAIL_FROM: 'not an address',
    LOG_LEVEL: 'loud'
  }
  const problems = problemsOf(wrong)
  t.same(problems.map(problem => problem.split(' ', 1)[0]).toSorted(), Object.keys(wrong).toSorted())
  t.notOk(problems.some(problem => problem.includes('\n')))
})

t.test('the error itself tells all problems', async t => {
  t.throws(() => load({ JWT_ALG: 'none', LOG_LEVEL: 'loud' }), {
    name: 'ConfigError', message: /^JWT_ALG must be one of ES256, EdDSA, RS256\nLOG_LEVEL must be one of fatal, /
  })
})

t.test('no problem repeats a value that may be a secret', async t => {
  const value = 'hunter2'
  const secrets = ['KEYTURN_SECRET', 'KEYTURN_SECRET_PREVIOUS', 'JWT_SECRET', 'DATABASE_URL', 'PUBLIC_URL']
  const problems = problemsOf(Object.fromEntries(secrets.map(name => [name, value])))
  t.equal(problems.length, secrets.length)
  t.notMatch(problems.join('\n'), value)
})

t.test('an empty variable counts as unset', async t => {
  const config = load({ DATABASE_URL: '', KEYTURN_SECRET: '', JWT_SECRET: '', ACCESS_TOKEN_TTL: '', LISTEN: '' })
  t.equal(config.lifetimes.accessToken, 3600)
  t.equal(config.listen[0]?.port, 3000)
  t.equal(config.database.url, undefined)
  t.equal(config.keys.sharedSecret, undefined)
})

t.test('variables of other programs are ignored', async t => {
  t.same(load({ PATH: '/bin' }), load())
})

t.test('with DATABASE_URL the secret must be given', async t => {
  const url = 'postgres://keyturn@localhost:5432/keyturn'
  t.match(problemsOf({ DATABASE_URL: url }), [/^KEYTURN_SECRET is required with DATABASE_URL/])
  t.match(problemsOf({ DATABASE_URL: url, KEYTURN_SECRET: '' }), [/^KEYTURN_SECRET is required with DATABASE_URL/])
  t.match(load({ DATABASE_URL: url, KEYTURN_SECRET: secret }), { database: { url }, secrets: { current: secret } })
})

t.test('a secret is measured in bytes', async t => {
  t.match(problemsOf({ KEYTURN_SECRET: 'x'.repeat(31) }), ['KEYTURN_SECRET must be at least 32 bytes long'])
  t.same(problemsOf({ KEYTURN_SECRET: 'x'.repeat(32) }), [])
  t.same(problemsOf({ KEYTURN_SECRET: 'ü'.repeat(16) }), [])
})

t.test('both spellings of a Postgres URL are known', async t => {
  for (const DATABASE_URL of ['postgres://localhost/keyturn', 'postgresql://u:p@db.example:6432/k?sslmode=require']) {
    t.same(problemsOf({ DATABASE_URL, KEYTURN_SECRET: secret }), [], DATABASE_URL)
  }
  t.match(problemsOf({ DATABASE_URL: 'localhost', KEYTURN_SECRET: secret }), [/^DATABASE_URL must be a URL such as /])
})

t.test('PUBLIC_URL is an origin as a browser writes it: http or https, no path, no query, no default port', async t => {
  for (const PUBLIC_URL of ['http://localhost:3000', 'https://auth.example.com', 'http://[::1]:3000']) {
    t.equal(load({ PUBLIC_URL }).issuer, PUBLIC_URL)
  }
  const wrong = [
    'https://a.example/', 'https://a.example/x', 'https://a.example?x', 'https://a.example:443', 'https://A.example',
    'ftp://a.example', 'a.example', 'null'
  ]
  for (const PUBLIC_URL of wrong) {
    t.match(problemsOf({ PUBLIC_URL }), [/^PUBLIC_URL must be an http or https origin/], PUBLIC_URL)
  }
})

t.test('MAIL_FROM is an address, or a name and an address', async t => {
  const senders = [
    ['hello@example.com', '', 'hello@example.com'],
    ['<hello@example.com>', '', 'hello@example.com'],
    ['Example, Inc. <hello@example.com>', 'Example, Inc.', 'hello@example.com'],
    ['"Example, Inc." <hello@example.com>', 'Example, Inc.', 'hello@example.com']
  ]
  for (const [MAIL_FROM, name, address] of senders) t.same(load({ MAIL_FROM }).mail.from, { name, address })
  for (const MAIL_FROM of ['Example', 'a@b c@d', 'A <a>', 'A <a@b> <c@d>', 'A\r\nBcc: x@y <a@b>']) {
    t.match(problemsOf({ MAIL_FROM }), [/^MAIL_FROM must be an address such as/], MAIL_FROM)
  }
})

t.test('numbers are whole and within their bounds', async t => {
  t.equal(load({ RATE_LIMIT_MAX: '0' }).rateLimit.max, 0)
  t.equal(load({ PASSWORD_HASH_QUEUE: '0' }).passwords.queue, 0)
  t.equal(load({ DATABASE_POOL_MAX: '1' }).database.poolMax, 1)
  t.match(problemsOf({ DATABASE_POOL_MAX: '0' }), ['DATABASE_POOL_MAX must be a whole number of at least 1'])
  t.match(problemsOf({ DATABASE_POOL_MAX: 'ten' }), ['DATABASE_POOL_MAX must be a whole number of at least 1'])
  t.match(problemsOf({ DATABASE_POOL_MAX: '12345678901234567890' }), [/^DATABASE_POOL_MAX must be a whole number/])
})

t.test('passwords cannot be hashed more weakly than argon2id with 19 MiB and 2 passes', async t => {
  t.match(problemsOf({ PASSWORD_HASH_MEMORY: '19455', PASSWORD_HASH_PASSES: '1' }), [
    'PASSWORD_HASH_MEMORY must be a whole number of at least 19456',
    'PASSWORD_HASH_PASSES must be a whole number of at least 2'
  ])
})

t.test('TRUST_PROXY is a list of addresses and CIDRs', async t => {
  const TRUST_PROXY = '10.0.0.0/8, 192.0.2.7,::1/128 ,fd00::/8,'
  t.same(load({ TRUST_PROXY }).trustProxy, ['10.0.0.0/8', '192.0.2.7', '::1/128', 'fd00::/8'])
  const wrong = [
    'loopback', 'true', '1', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0',
    '10.0.0.0/0x8', '0.0.0.0/0', '::/0', '203.0.113.1/00'
  ]
  for (const cidr of wrong) {
    t.match(problemsOf({ TRUST_PROXY: `127.0.0.1,${cidr}` }), [/^TRUST_PROXY must be a comma-separated list/], cidr)
  }
})

t.test('a proxy prefix that would trust every IPv4 address by its mapped form is refused', async t => {
  for (const cidr of ['::ffff:0:0/96', '::ffff:10.0.0.0/8', '::ffff:0:0/0', '::ffff:a00:1/96']) {
    t.match(problemsOf({ TRUST_PROXY: cidr }), [/^TRUST_PROXY /], cidr)
  }
  for (const cidr of ['::ffff:10.0.0.0/104', '::ffff:10.0.0.1', '::ffff:10.0.0.1/128']) {
    t.same(problemsOf({ TRUST_PROXY: cidr }), [], cidr)
  }
})

t.test('LISTEN takes several entries, each with its own host or the default one, and several contracts', async t => {
  const LISTEN = ' 3000=partner,spa\n[::1]:3001=spa\tlocalhost:0=ops 0.0.0.0:0=ops '
  t.same(load({ LISTEN, HOST: '192.0.2.1' }).listen, [
    { host: '192.0.2.1', port: 3000, contracts: ['partner', 'spa'] },
    { host: '::1', port: 3001, contracts: ['spa'] },
    { host: 'localhost', port: 0, contracts: ['ops'] },
    { host: '0.0.0.0', port: 0, contracts: ['ops'] }
  ])
})

t.test('LISTEN names what is wrong with it, entry by entry', async t => {
  const known = `known are ${contractNames.join(', ')}`
  const form = 'is not of the form [host:]port=contract,contract'
  const cases: Array<[listen: string, ...problems: string[]]> = [
    ['3000=partners', `LISTEN unknown contract "partners" in "3000=partners"; ${known}`],
    ['3000=spa,spa', 'LISTEN "3000=spa,spa" names a contract twice'],
    ['3000=spa 127.0.0.1:3000=ops', 'LISTEN 127.0.0.1:3000 is listed twice'],
    ['65536=spa', `LISTEN "65536=spa" ${form}`],
    ['3000', `LISTEN "3000" ${form}`],
    ['3000=', `LISTEN "3000=" ${form}`],
    ['=spa', `LISTEN "=spa" ${form}`],
    ['3000=spa,', `LISTEN "3000=spa," ${form}`],
    ['3000=SPA', `LISTEN "3000=SPA" ${form}`],
    ['::1:3000=spa', `LISTEN "::1:3000=spa" ${form}`],
    ['a:b:3000=spa', `LISTEN "a:b:3000=spa" ${form}`],
    ['3000=x -1=spa', `LISTEN unknown contract "x" in "3000=x"; ${known}`, `LISTEN "-1=spa" ${form}`]
  ]
  for (const [LISTEN, ...problems] of cases) t.same(problemsOf({ LISTEN }), problems, LISTEN)
})

t.test('one port may be used on two addresses, and port 0 any number of times', async t => {
  t.same(problemsOf({ LISTEN: '127.0.0.1:3000=spa 127.0.0.2:3000=ops 0=spa 0=ops' }), [])
})

t.test('CORS_ORIGIN is a list of origins', async t => {
  const CORS_ORIGIN = 'https://app.example.com, http://localhost:5173,'
  t.same(load({ CORS_ORIGIN }).corsOrigins, ['https://app.example.com', 'http://localhost:5173'])
  for (const origin of ['*', 'null', 'https://app.example.com/', 'app.example.com']) {
    const problems = problemsOf({ CORS_ORIGIN: `https://app.example.com,${origin}` })
    t.match(problems, [/^CORS_ORIGIN must be a comma-separated list/], origin)
  }
})

t.test('cookies are Secure in production or under https, unless COOKIE_SECURE says otherwise', async t => {
  const PUBLIC_URL = 'https://auth.example.com'
  t.equal(load().secureCookies, false)
  t.equal(load({ PUBLIC_URL }).secureCookies, true, 'whatever NODE_ENV is')
  t.equal(load({ PUBLIC_URL, NODE_ENV: 'prod' }).secureCookies, true)
  t.equal(load({ PUBLIC_URL, COOKIE_SECURE: 'false' }).secureCookies, false)
  t.equal(load({ NODE_ENV: 'production' }).secureCookies, true)
  t.equal(load({ NODE_ENV: 'production', COOKIE_SECURE: 'false' }).secureCookies, false)
  t.equal(load({ COOKIE_SECURE: 'true' }).secureCookies, true)
})

t.test('cookies have the prefix __Host- under https, unless COOKIE_PREFIX or COOKIE_SECURE says otherwise', async t => {
  const PUBLIC_URL = 'https://auth.example.com'
  t.equal(load({ PUBLIC_URL }).cookiePrefix, '__Host-')
  t.equal(load({ PUBLIC_URL, COOKIE_PREFIX: 'none' }).cookiePrefix, '')
  t.equal(load({ PUBLIC_URL, COOKIE_SECURE: 'false' }).cookiePrefix, '', 'browsers would refuse it')
  t.equal(load({ NODE_ENV: 'production' }).cookiePrefix, '', 'old cookies go on where TLS is not known of')
})

t.test('JWT_ALG and LOG_LEVEL take one of their words, in their spelling', async t => {
  t.equal(load({ JWT_ALG: 'EdDSA' }).keys.algorithm, 'EdDSA')
  t.match(problemsOf({ JWT_ALG: 'eddsa' }), ['JWT_ALG must be one of ES256, EdDSA, RS256'])
  t.match(problemsOf({ JWT_ALG: 'HS256' }), ['JWT_ALG must be one of ES256, EdDSA, RS256'])
  t.equal(load({ LOG_LEVEL: 'silent' }).logLevel, 'silent')
})

t.test('no two secrets are the same: who is given JWT_SECRET must not have the root of all keys', async t => {
  const [JWT_SECRET, KEYTURN_SECRET] = [secret, secret]
  t.match(problemsOf({ KEYTURN_SECRET, JWT_SECRET }), [/^JWT_SECRET is the same as KEYTURN_SECRET/])
  const current = { KEYTURN_SECRET: `${secret} new` }
  t.match(problemsOf({ ...current, KEYTURN_SECRET_PREVIOUS: secret, JWT_SECRET }), [/^JWT_SECRET is the same/])
  t.match(problemsOf({ KEYTURN_SECRET, KEYTURN_SECRET_PREVIOUS: secret }), [/^KEYTURN_SECRET_PREVIOUS is the same as/])
  t.same(problemsOf({ KEYTURN_SECRET, JWT_SECRET: `${secret} of partners` }), [])
  const ADMIN_TOKEN = 'an-admin-token-of-at-least-32-characters'
  t.same(problemsOf({ KEYTURN_SECRET, ADMIN_TOKEN }), [])
  for (const name of ['KEYTURN_SECRET', 'JWT_SECRET']) {
    t.match(problemsOf({ KEYTURN_SECRET, [name]: ADMIN_TOKEN, ADMIN_TOKEN }), [/^ADMIN_TOKEN is the same as/], name)
  }
  t.match(problemsOf({ ADMIN_TOKEN: `${ADMIN_TOKEN} with spaces` }), [/^ADMIN_TOKEN must be at least 32 characters of/])
})
