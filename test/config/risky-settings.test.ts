import t from 'tap'
import { loadSettings } from '../../src/config/settings.js'
import { contractNames } from '../../src/contracts/index.js'

const KEYTURN_SECRET = 'a secret of at least 32 bytes, no less'
const DATABASE_URL = 'postgres://keyturn:password@db.example/keyturn'
const MAIL_URL = 'smtp://keyturn:password@mail.example'
const ADMIN_TOKEN = 'an-admin-token-of-at-least-32-characters'
const https = 'https://auth.example.com'

const risksOf = (env: Record<string, string>) => loadSettings(env, contractNames).risks

t.test('a setting that is valid and dangerous is named in one line', async t => {
  const risky: Array<[env: Record<string, string>, line: RegExp]> = [
    [{ KEYTURN_SECRET: 'a'.repeat(32) }, /^KEYTURN_SECRET repeats a few characters/],
    [{ JWT_SECRET: 'secret'.repeat(6) }, /^JWT_SECRET repeats a few characters/],
    [{ ADMIN_TOKEN: 'a'.repeat(32) }, /^ADMIN_TOKEN repeats a few characters/],
    [{ ADMIN_TOKEN, ADMIN_TOKEN_ANYWHERE: 'true' }, /^ADMIN_TOKEN_ANYWHERE=true: one secret administers/],
    [{ PUBLIC_URL: https, COOKIE_SECURE: 'false' }, /^COOKIE_SECURE=false although PUBLIC_URL is https/],
    [{ NODE_ENV: 'production', PUBLIC_URL: 'http://auth.example.com', MAIL_URL }, /^PUBLIC_URL is http in production/],
    [{ NODE_ENV: 'production', PUBLIC_URL: https }, /^MAIL_URL is not set: no mail is sent/],
    [{ MAIL_URL: `${MAIL_URL}?insecure` }, /^MAIL_URL has \?insecure/],
    [{ NODE_ENV: 'prod' }, /^NODE_ENV is none of production, development, test/],
    [{ DATABASE_URL, KEYTURN_SECRET }, /^DATABASE_URL names another host without TLS/],
    [{ DATABASE_URL: `${DATABASE_URL}?sslmode=prefer`, KEYTURN_SECRET }, /^DATABASE_URL names another host/],
    [{ DATABASE_URL: 'postgres:///keyturn?host=db.example', KEYTURN_SECRET }, /^DATABASE_URL names another host/],
    [{ CORS_ORIGIN: 'https://a.example,http://b.example' }, /^CORS_ORIGIN has an http origin/],
    [{ ACCESS_TOKEN_TTL: '40d', REFRESH_TOKEN_TTL: '1d' }, /^ACCESS_TOKEN_TTL is longer than REFRESH_TOKEN_TTL/],
    [{ ACCESS_TOKEN_TTL: '2d', SESSION_MAX_AGE: '1d' }, /^ACCESS_TOKEN_TTL is longer than SESSION_MAX_AGE/]
  ]
  for (const [env, line] of risky) {
    const risks = risksOf(env)
    t.match(risks, [line], JSON.stringify(env))
    t.equal(risks.length, 1)
    t.notMatch(risks.join(), /password@|secretsecret|aaaa/, 'without the value of a secret')
  }
})

t.test('settings of development, and those of a careful production, are not', async t => {
  t.same(risksOf({}), [])
  t.same(risksOf({ CORS_ORIGIN: 'http://localhost:5173', NODE_ENV: 'test' }), [])
  t.same(risksOf({ NODE_ENV: 'production', PUBLIC_URL: 'http://127.0.0.1:3000', MAIL_URL }), [])
  const local = [
    'postgres://keyturn@localhost/keyturn', 'postgres://keyturn@[::1]/keyturn', 'postgres://%2Frun%2Fpostgresql/keyturn',
    'postgres:///keyturn?host=/run/postgresql', `${DATABASE_URL}?sslmode=verify-full`, `${DATABASE_URL}?sslmode=require`
  ]
  for (const url of local) {
    t.same(risksOf({ NODE_ENV: 'production', PUBLIC_URL: https, KEYTURN_SECRET, MAIL_URL, DATABASE_URL: url }), [], url)
  }
})
