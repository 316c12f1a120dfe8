import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { basic, bearer, say, type Addresses, type Step } from './conversation.js'
import type { Left } from './fixture.js'
import type { OldRelease } from './old-release.js'
import { loggedIn, password, posted, sessionOf, type Tokens } from './old-users.js'
import { useSigningClient } from './signing-client.js'

/** Tokens live for ten years, so that the test can be run for as long. */
const life = '3650d'

export const environment = {
  KEYTURN_SECRET: 'of the fixture of version 0.1.0, and of nothing else',
  PUBLIC_URL: 'http://localhost:3000',
  ACCESS_TOKEN_TTL: life,
  JWT_EXPIRES_IN: life,
  REFRESH_TOKEN_TTL: life,
  SESSION_MAX_AGE: life,
  // Long enough for a retry to come in time, however slow the machine.
  REFRESH_RETRY_WINDOW: '10m',
  RATE_LIMIT_MAX: '0'
}

const jwtSecret = 'the JWT_SECRET of the fixture of version 0.1.0'

const emails = {
  ada: 'ada@example.com', grace: 'grace@example.com', locked: 'locked@example.com', disabled: 'disabled@example.com'
}

/** LOGIN_MAX_FAILURES. */
const maxFailures = 10

/** A confirmation is written a quarter of a second after the token was seen. */
const confirmedMs = 1_000

/** Puts every kind of row and token into the database. */
export async function leave (release: OldRelease, sql: Sql): Promise<Left> {
  const { command, serving } = release
  const grace = ['--name', 'Grace Hopper', '--plan', 'premium']
  await command(['account', 'add', emails.grace, ...grace, '--password-stdin'], password)
  const { id, secret } = JSON.parse(await command([
    'client', 'add', 'SeshTracker', '--audience', 'https://sesh.example', '--scope', 'sessions:read,sessions:write',
    '--grant', 'refresh_token,client_credentials,token-exchange', '--json'
  ])) as Left['client']
  await useSigningClient(release, environment.PUBLIC_URL)

  const eddsa = await serving({ JWT_ALG: 'EdDSA' }, async addresses => {
    await posted(addresses, 'api', '/api/auth/register', { username: 'ada', email: emails.ada, password })
    return loggedIn(addresses, emails.ada)
  })
  await command(['account', 'subscription', emails.ada, '--plan', 'team', '--expires', '2099-12-31T23:59:59Z'])
  const rs256 = await serving({ JWT_ALG: 'RS256' }, addresses => loggedIn(addresses, emails.grace))
  const hs256 = await serving({ JWT_SECRET: jwtSecret }, addresses => loggedIn(addresses, emails.ada))
  const rest = await serving({}, async addresses => ({
    ended: await endedSessions(release, addresses),
    ...await tokensOfTheClient(addresses, { id, secret }),
    ...await liveSessions(addresses, sql)
  }))
  return {
    madeBy: 'Keyturn 0.1.0, commit 354fc93',
    madeAt: Math.floor(Date.now() / 1000),
    environment,
    jwtSecret,
    password,
    emails,
    client: { id, secret },
    ...rest,
    access: { ...rest.access, eddsa: eddsa.token, rs256: rs256.token },
    hs256: hs256.token
  }
}

/** Sessions that have ended in each way, and an account that has failed too often. */
async function endedSessions ({ command }: OldRelease, addresses: Addresses): Promise<Left['ended']> {
  const post = (path: string, json: unknown, headers = {}) => say(addresses, {
    at: 'api', route: `POST /api/auth/${path}`, json, headers
  })
  async function registered (username: string): Promise<Tokens> {
    const email = `${username}@example.com`
    await posted(addresses, 'api', '/api/auth/register', { username, email, password })
    return loggedIn(addresses, email)
  }

  const signedOut = await loggedIn(addresses, emails.ada)
  await post('revoke-token', { refreshToken: signedOut.refreshToken })
  const revoked = await registered('rita')
  await command(['session', 'revoke', 'rita@example.com', '--all'])
  const passwordChanged = await loggedIn(addresses, 'rita@example.com')
  const { token: keeps } = (await post('sign-in/email', { email: 'rita@example.com', password })).body
  await post('change-password', { currentPassword: password, newPassword: `${password}!` }, bearer(keeps))
  const [oldest, , reused] = await chain(addresses, 2)
  await post('refresh-token', { refreshToken: oldest?.refreshToken })
  const disabled = await registered('disabled')
  await command(['account', 'disable', emails.disabled])
  const deleted = await registered('deleted')
  await command(['account', 'delete', 'deleted@example.com', '--yes'])
  await registered('locked')
  for (let guess = 0; guess < maxFailures; guess += 1) await post('login', { email: emails.locked, password: 'wrong' })
  return {
    signedOut: signedOut.token,
    revoked: revoked.token,
    passwordChanged: passwordChanged.token,
    reused: reused?.token ?? '',
    disabled: disabled.token,
    deleted: deleted.token
  }
}

/** Takes two events and acknowledges them; gets a token for a user's session, and one of its own. */
async function tokensOfTheClient (
  addresses: Addresses, client: Left['client']
): Promise<Pick<Left, 'exchanged' | 'clientOwn'>> {
  const poll = (json: object) => posted(addresses, 'api', '/oauth/events', json, basic(client))
  const { sets } = await poll({ returnImmediately: true, maxEvents: 2 })
  await poll({ returnImmediately: true, ack: Object.keys(sets) })

  const token = async (form: Record<string, string>): Promise<string> => (await say(addresses, {
    at: 'api', route: 'POST /oauth/token', form, headers: basic(client)
  })).body.access_token
  return {
    exchanged: await token({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: (await loggedIn(addresses, emails.ada)).token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'sessions:read'
    }),
    clientOwn: await token({ grant_type: 'client_credentials' })
  }
}

/** A session of each contract, tasks, and refresh tokens that were used in each way. */
async function liveSessions (addresses: Addresses, sql: Sql) {
  const post = async (at: Step['at'], path: string, json?: object, headers = {}) =>
    (await say(addresses, { at, route: `POST ${path}`, json, headers }))
  /** Makes the last step of these sessions older than the retry window. */
  const age = (...accessTokens: string[]) => sql`
    UPDATE sessions SET rotated_at = rotated_at - interval '1 hour'
    WHERE id = ANY(string_to_array(${accessTokens.map(sessionOf).join()}, ',')::uuid[])`

  const partner = await loggedIn(addresses, emails.ada)
  const session = await post('api', '/api/auth/sign-in/email', { email: emails.grace, password })
  const spa = await post('api', '/api/auth/token', { email: emails.ada, password })
  const tasks = cookieOf(await post('tasks', '/auth/signup', { email: 'tess@example.com', password }))
  for (const title of ['First', 'Second', 'Third']) await post('tasks', '/tasks', { title }, bearer(tasks))
  await post('web', '/auth/register', { email: 'wes@example.com', password })
  const web = cookieOf(await post('web', '/auth/login', { email: 'wes@example.com', password }))

  const lin = { name: 'Lin', email: 'lin@example.com', password }
  const { token: first } = await posted(addresses, 'api', '/api/auth/sign-up/email', lin)
  const { token: second } = await posted(addresses, 'api', '/api/auth/refresh', undefined, bearer(first))

  const confirmed = await chain(addresses, 1)
  await post('api', '/api/auth/validate-token', { token: confirmed[1]?.token })
  const lost = await chain(addresses, 1)
  await delay(confirmedMs)
  await age(first, confirmed[0].token, lost[0].token)

  return {
    access: { partner: partner.token, session: session.body.token, spa: spa.body.access_token, tasks, web },
    extended: [first, second] satisfies Left['extended'],
    refresh: {
      current: refreshTokens(await chain(addresses, 2)),
      retried: refreshTokens(await chain(addresses, 1)),
      lost: refreshTokens(lost),
      confirmed: refreshTokens(confirmed),
      older: refreshTokens(await chain(addresses, 2)),
      client: refreshTokens(await chain(addresses, 0))
    }
  }
}

/** A new session's tokens, refreshed so many times. */
async function chain (addresses: Addresses, length: number): Promise<[Tokens, ...Tokens[]]> {
  const tokens: [Tokens, ...Tokens[]] = [await loggedIn(addresses, emails.ada)]
  while (tokens.length <= length) {
    const { data } = await posted(addresses, 'api', '/api/auth/refresh-token', {
      refreshToken: tokens.at(-1)?.refreshToken
    })
    tokens.push(data)
  }
  return tokens
}

function refreshTokens (tokens: Tokens[]): string[] {
  return tokens.map(({ refreshToken }) => refreshToken)
}

/** The value of the cookie that a reply sets. */
function cookieOf ({ headers }: { headers: Headers }): string {
  return /^\w+=([^;]+)/.exec(headers.getSetCookie()[0] ?? '')?.[1] ?? ''
}
