import type { Left } from './fixture.js'

/** Where a server's contracts are: partner, session, spa and oauth; tasks; web. */
export interface Addresses {
  api: string
  tasks: string
  web: string
}

/** One request of a conversation. */
export interface Step {
  name: string
  at: keyof Addresses
  route: string
  json?: unknown
  form?: Record<string, string>
  headers?: Record<string, string>
}

export interface Reply {
  status: number
  headers: Headers
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies of every shape
  body: any
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export const basic = ({ id, secret }: Left['client']) =>
  ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` })

/** Sends one request and reads its reply. */
export async function say (
  addresses: Addresses, { at, route, json, form, headers = {} }: Omit<Step, 'name'>
): Promise<Reply> {
  const [method = '', path = ''] = route.split(' ')
  const response = await fetch(addresses[at] + path, {
    method,
    headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(form !== undefined && { body: new URLSearchParams(form) })
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

const to = (at: Step['at'], name: string, route: string, rest: Pick<Step, 'json' | 'form' | 'headers'> = {}): Step =>
  ({ name, at, route, ...rest })

const validates = (name: string, token: string): Step =>
  to('api', `partner: validates ${name}`, 'POST /api/auth/validate-token', { json: { token } })

/** A request for each way in which a contract takes an access token, changing nothing. */
function askAbout (name: string, token: string, client: Left['client']): Step[] {
  const headers = bearer(token)
  return [
    validates(name, token),
    to('api', `session: takes ${name}`, 'GET /api/auth/get-session', { headers }),
    to('api', `spa: takes ${name}`, 'GET /api/auth/me', { headers }),
    to('tasks', `tasks: takes ${name}`, 'GET /tasks', { headers }),
    to('web', `web: takes ${name}`, 'GET /auth/me', { headers }),
    to('api', `oauth: introspects ${name}`, 'POST /oauth/introspect', { form: { token }, headers: basic(client) })
  ]
}

/** Requests of every contract, from what the database holds on; each goes by what the ones before have changed. */
export function conversation (left: Left): Step[] {
  const { access, ended, refresh, extended, client, password, emails } = left
  const asClient = (name: string, route: string, form: Record<string, string>): Step =>
    to('api', `oauth: ${name}`, `POST /oauth/${route}`, { form, headers: basic(client) })
  const trade = (name: string, refreshToken = ''): Step =>
    to('api', `partner: ${name}`, 'POST /api/auth/refresh-token', { json: { refreshToken } })
  const exchange = (token: string) => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token'
  })
  const ada = { email: emails.ada, password }
  const [locked, disabled] = [{ ...ada, email: emails.locked }, { ...ada, email: emails.disabled }]
  const other = { ...ada, email: 'other@example.com' }
  const cookie = (name: string, token: string) => ({ cookie: `${name}=${token}` })
  const poll = (name: string, json: object): Step =>
    to('api', `oauth: ${name}`, 'POST /oauth/events', { json, headers: basic(client) })

  return [
    to('api', 'oauth: publishes its keys', 'GET /.well-known/jwks.json'),
    to('api', 'oauth: says what it can do', 'GET /.well-known/oauth-authorization-server'),
    poll('sends the events that were not acknowledged', { returnImmediately: true }),

    ...Object.entries(access).flatMap(([name, token]) => askAbout(`the token ${name}`, token, client)),
    ...Object.entries(ended).map(([name, token]) => validates(`a token that is dead, ${name}`, token)),
    ...askAbout('a token that is dead', ended.signedOut, client),
    ...askAbout('a token that is none', 'no.token', client),
    ...askAbout('a token for the client', left.exchanged, client),
    asClient('introspects the client\'s own token', 'introspect', { token: left.clientOwn }),
    asClient('introspects a refresh token', 'introspect', { token: refresh.current.at(-1) ?? '' }),
    to('api', 'session: takes its cookie', 'GET /api/auth/get-session', { headers: cookie('session', access.session) }),
    to('tasks', 'tasks: takes its cookie', 'GET /tasks?limit=1', { headers: cookie('auth_token', access.tasks) }),
    to('web', 'web: takes its cookie', 'GET /auth/me', { headers: cookie('token', access.web) }),

    trade('trades the current token', refresh.current.at(-1)),
    trade('gives the successor again inside the retry window', refresh.retried[0]),
    trade('gives the successor again while it is unconfirmed', refresh.lost[0]),
    trade('refuses the previous token once the successor is confirmed', refresh.confirmed[0]),
    trade('refuses an older token', refresh.older[0]),
    trade('has ended the session of the older token', refresh.older.at(-1)),
    trade('refuses what is no refresh token', 'rt_no'),
    asClient('trades a refresh token', 'token', {
      grant_type: 'refresh_token', refresh_token: refresh.client[0] ?? ''
    }),
    asClient('exchanges a token', 'token', exchange(access.partner)),
    asClient('refuses a scope', 'token', { ...exchange(access.partner), scope: 'unknown' }),
    asClient('gives the client a token', 'token', { grant_type: 'client_credentials', scope: 'sessions:read' }),
    { ...asClient('refuses a wrong secret', 'introspect', { token: 'x' }), headers: basic({ ...client, secret: 'x' }) },

    to('api', 'session: extends the current generation', 'POST /api/auth/refresh', { headers: bearer(extended[1]) }),
    to('api', 'session: refuses one long before', 'POST /api/auth/refresh', { headers: bearer(extended[0]) }),
    to('api', 'session: extends no other contract\'s', 'POST /api/auth/refresh', { headers: bearer(access.partner) }),

    to('api', 'partner: signs in', 'POST /api/auth/login', { json: ada }),
    to('api', 'session: signs in', 'POST /api/auth/sign-in/email', { json: ada }),
    to('api', 'spa: signs in', 'POST /api/auth/token', { json: ada }),
    to('tasks', 'tasks: signs in', 'POST /auth/login', { json: ada }),
    to('web', 'web: signs in', 'POST /auth/login', { json: ada }),
    to('api', 'partner: refuses a wrong password', 'POST /api/auth/login', { json: { ...ada, password: 'wrong' } }),
    to('api', 'partner: still counts the failures', 'POST /api/auth/login', { json: locked }),
    to('api', 'partner: refuses a disabled account', 'POST /api/auth/login', { json: disabled }),
    to('api', 'session: refuses a taken email', 'POST /api/auth/sign-up/email', { json: { ...ada, name: 'Ada' } }),
    to('api', 'spa: refuses a taken name', 'POST /api/auth/register', { json: { ...other, username: 'ADA' } }),
    to('tasks', 'tasks: refuses a taken email', 'POST /auth/signup', { json: ada }),
    to('web', 'web: refuses a taken email', 'POST /auth/register', { json: ada }),
    to('api', 'spa: numbers the next account', 'POST /api/auth/register', { json: { ...other, username: 'new' } }),

    to('api', 'session: lists', 'GET /api/auth/list-sessions', { headers: bearer(access.rs256) }),
    to('tasks', 'tasks: makes a task', 'POST /tasks', { json: { title: 'New' }, headers: bearer(access.tasks) }),
    to('api', 'session: changes the password', 'POST /api/auth/change-password', {
      json: { currentPassword: password, newPassword: `${password} 2` }, headers: bearer(access.session)
    }),
    to('web', 'web: signs out', 'POST /auth/logout', { headers: cookie('token', access.web) }),
    to('tasks', 'tasks: signs out', 'POST /auth/logout', { headers: bearer(access.tasks) }),
    to('api', 'spa: signs out', 'POST /api/auth/logout', { headers: bearer(access.spa) }),
    to('api', 'partner: revokes', 'POST /api/auth/revoke-token', { json: { token: access.partner } }),
    asClient('revokes', 'revoke', { token: refresh.retried[1] ?? '' }),
    trade('knows of it', refresh.retried[1]),
    to('api', 'session: revokes all', 'POST /api/auth/revoke-sessions', { headers: bearer(access.eddsa) }),
    ...Object.entries(access).map(([name, token]) => validates(`in the end the token ${name}`, token)),
    poll('sends what has ended since', { returnImmediately: true, maxEvents: 3 })
  ]
}
