import t from 'tap'
import { drivers } from './drivers.js'
import { build } from '../support/build.js'
import { post, send } from '../support/http.js'
import { newPerson } from '../support/people.js'
import { cookiesSet } from '../support/set-cookie.js'

const routes = {
  session: { cookie: 'session', path: '/api/auth/get-session' },
  tasks: { cookie: 'auth_token', path: '/tasks' },
  web: { cookie: 'token', path: '/auth/me' }
} as const

t.test('a session cookie that is sent twice is refused, whichever comes first; one is taken', async t => {
  const server = await build(t)
  for (const [contract, { cookie, path }] of Object.entries(routes)) {
    const driver = drivers(server)[contract]
    const person = newPerson()
    await driver?.signUp(person)
    const signedIn = await driver?.signIn(person)
    const [pair = ''] = (signedIn === undefined ? [] : cookiesSet(signedIn)).map(each => each.split(';', 1)[0])
    const url = `${contract === 'session' ? server.api : server[contract as 'tasks' | 'web']}${path}`
    const statusOf = async (header: string) => (await send(url, { headers: { cookie: header } })).status
    t.equal(await statusOf(pair), 200, contract)
    t.equal(await statusOf(`other=1; ${pair}; x${pair}; ${cookie}2=3`), 200, 'beside others of like names')
    for (const header of [`${pair}; ${pair}`, `${cookie}=planted; ${pair}`, `${pair};a=b;${cookie}=planted`]) {
      const refused = await send(url, { headers: { cookie: header } })
      t.equal(refused.status, 400, header.slice(0, 20))
      t.match(refused.text, /sent twice/)
    }
    const token = pair.slice(cookie.length + 1)
    const bearer = await send(url, { headers: { cookie: `${pair}; ${pair}`, authorization: `Bearer ${token}` } })
    t.equal(bearer.status, 200, 'a bearer token is taken whatever the cookies are')
  }
})

t.test('under https the cookie of contract session is one that no other host can set', async t => {
  const { api } = await build(t, { settings: { cookiePrefix: '__Host-', secureCookies: true } })
  const person = newPerson()
  const signedUp = await post(`${api}/api/auth/sign-up/email`, { ...person, name: 'Somebody' })
  const names = signedUp.headers.getSetCookie().map(each => each.split('=', 1)[0])
  t.same(names.sort(), ['__Host-keyturn_device', '__Host-session'])
  for (const each of signedUp.headers.getSetCookie()) t.match(each, /Path=\/; HttpOnly; Secure/)
  const session = async (cookie: string) =>
    (await send(`${api}/api/auth/get-session`, { headers: { cookie } })).body as unknown
  t.match(await session(`__Host-session=${signedUp.body.token}`), { user: { email: person.email } })
  t.equal(await session(`session=${signedUp.body.token}`), null, 'by its plain name it is none')
})

t.test('a sign-in ends the session whose cookie it replaces, and no other', async t => {
  const server = await build(t)
  const signIns = { session: 'sign-in/email', tasks: '/auth/login', web: '/auth/login' }
  for (const [contract, { cookie, path }] of Object.entries(routes)) {
    const driver = drivers(server)[contract]
    const base = contract === 'session' ? server.api : server[contract as 'tasks' | 'web']
    const url = contract === 'session' ? `${base}/api/auth/${signIns.session}` : `${base}/auth/login`
    const person = newPerson()
    await driver?.signUp(person)
    const pairOf = (reply: Parameters<typeof cookiesSet>[0]) => cookiesSet(reply)[0]?.split(';', 1)[0] ?? ''
    const first = pairOf(await post(url, person))
    const other = pairOf(await post(url, person))
    const second = pairOf(await post(url, person, { cookie: first }))
    const isAlive = async (pair: string) => {
      const { status, text } = await send(`${base}${path}`, { headers: { cookie: pair } })
      return status === 200 && text !== 'null'
    }
    t.equal(await isAlive(first), false, contract)
    t.equal(await isAlive(other), true)
    t.equal(await isAlive(second), true)
    t.equal((await post(url, person, { cookie: `${cookie}=nonsense` })).status, 200)
  }
})
