import t, { type Test } from 'tap'
import { build } from '../../support/build.js'
import { newPerson, type Person } from '../../support/people.js'
import { createRequester, type Requester } from '../../support/requester.js'
import { sessionCookie } from '../../support/session-person.js'
import { setsCookie } from '../../support/set-cookie.js'

/* The cookie is HttpOnly; a token beside it in the body is within reach of a script that got into the page. */

type Headers = Record<string, string>

/** Goes through every route that returns a token; returns those tokens, after it has seen that the cookies work. */
async function tokensOf (t: Test, request: Requester, headers: Headers): Promise<unknown[]> {
  const tokens: unknown[] = []
  let cookie = ''
  async function call (route: string, json?: object): Promise<void> {
    const reply = await request(t, route, { cookie, headers, ...(json !== undefined && { json }) })
    t.equal(reply.status, 200, route)
    tokens.push(reply.body.token)
    cookie = `session=${setsCookie(t, reply, 'session', sessionCookie())}`
  }
  const { email, password, username: name }: Person = newPerson()
  await call('POST /api/auth/sign-up/email', { name, email, password })
  await call('POST /api/auth/sign-in/email', { email, password })
  await call('POST /api/auth/refresh')
  await call('POST /api/auth/change-password', { currentPassword: password, newPassword: `${password} too` })
  t.match((await request(t, 'GET /api/auth/get-session', { cookie })).body, { user: { email } }, 'signed in by cookie')
  return tokens
}

t.test('SESSION_TOKEN_IN_BODY=not-to-pages keeps tokens out of the bodies that a page of a browser reads', async t => {
  const { api } = await build(t, { settings: { sessionTokenInBody: 'not-to-pages' } })
  const request = createRequester(api, 'session')
  const pages: Headers[] = [{ origin: api }, { 'sec-fetch-site': 'same-origin' }]
  for (const page of pages) t.same(await tokensOf(t, request, page), [null, null, null, null], JSON.stringify(page))
  for (const token of await tokensOf(t, request, {})) t.type(token, 'string', 'an app that is no page gets its own')
})

t.test('by default every client gets its token in the body, as the clients of Better Auth expect', async t => {
  const { api } = await build(t)
  for (const token of await tokensOf(t, createRequester(api, 'session'), { origin: api })) t.type(token, 'string')
})
