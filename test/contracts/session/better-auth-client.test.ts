import { createAuthClient } from 'better-auth/client'
import t, { type Test } from 'tap'
import { build, databases } from '../../support/build.js'
import { newPerson } from '../../support/people.js'
import { claimsOf } from '../../support/set-cookie.js'

/* The specification of contract `session` names Better Auth; its client from npm works against Keyturn. */

/** What a browser does with cookies of one host: keeps what is set, drops what is cleared, sends what it has. */
function cookieJar () {
  const cookies = new Map<string, string>()
  return {
    cookies,
    fetch: async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const request = new Request(input, init)
      if (cookies.size > 0) request.headers.set('cookie', [...cookies].map(pair => pair.join('=')).join('; '))
      const response = await fetch(request)
      for (const header of response.headers.getSetCookie()) {
        const [pair = '', ...attributes] = header.split('; ')
        const [name = '', value = ''] = pair.split('=')
        if (attributes.includes('Max-Age=0')) cookies.delete(name)
        else cookies.set(name, value)
      }
      return response
    }
  }
}

/** A browser of its own, with the client as its documentation sets it up. */
function browser (baseURL: string) {
  const jar = cookieJar()
  return { cookies: jar.cookies, auth: createAuthClient({ baseURL, fetchOptions: { customFetchImpl: jar.fetch } }) }
}

type Browser = ReturnType<typeof browser>

/** What the client hands its caller: either data or an error, never both. */
interface Answer<Data> {
  data: Data | null
  error: null | { code?: string | undefined, message?: string | undefined, status: number, statusText: string }
}

function good<Data> (t: Test, { data, error }: Answer<Data>): Data {
  t.equal(error, null)
  if (data === null) throw new Error(`no data: ${JSON.stringify(error)}`)
  return data
}

function bad<Data> (t: Test, { data, error }: Answer<Data>, status: number, code: string, message: string): void {
  t.equal(data, null)
  t.same({ ...error }, { status, code, message, statusText: error?.statusText })
}

for (const database of databases) {
  t.test(`the client of Better Auth on ${database}`, async t => {
    const { api } = await build(t, { database })

    /** Somebody with an account and a session in a browser of theirs. */
    async function signedUp (t: Test) {
      const { username: name, email, password } = newPerson()
      const here = browser(api)
      const { user } = good(t, await here.auth.signUp.email({ name, email, password }))
      return { ...here, name, email, password, userId: user.id }
    }

    async function signedIn (t: Test, { email, password }: { email: string, password: string }): Promise<Browser> {
      const here = browser(api)
      good(t, await here.auth.signIn.email({ email, password }))
      return here
    }

    async function isSignedIn (t: Test, { auth }: Browser): Promise<void> {
      t.ok(good(t, await auth.getSession()))
    }

    async function isSignedOut (t: Test, { auth }: Browser): Promise<void> {
      t.same(await auth.getSession(), { data: null, error: null })
      bad(t, await auth.listSessions(), 401, 'UNAUTHORIZED', 'Unauthorized')
    }

    await t.test('signUp.email gives token and user, and the browser is signed in', async t => {
      const here = browser(api)
      const { username: name, email, password } = newPerson()
      const { token, user } = good(t, await here.auth.signUp.email({ name, email, password }))
      t.match(user, { name, email, emailVerified: false, image: null })
      t.ok(user.createdAt instanceof Date && user.updatedAt instanceof Date)
      t.equal(here.cookies.get('session'), token)
      await isSignedIn(t, here)
    })

    await t.test('signIn.email gives token and user, without a redirect', async t => {
      const { email, password, userId } = await signedUp(t)
      const here = browser(api)
      const data = good(t, await here.auth.signIn.email({ email, password, rememberMe: true }))
      t.match(data, { redirect: false, user: { id: userId, email } })
      t.equal(data.url, undefined)
      t.equal(here.cookies.get('session'), data.token)
    })

    await t.test('getSession gives session and user with dates, or null', async t => {
      const here = await signedUp(t)
      const { session, user } = good(t, await here.auth.getSession())
      t.match(user, { id: here.userId, name: here.name, email: here.email, emailVerified: false, image: null })
      t.match(session, { userId: here.userId, ipAddress: '127.0.0.1' })
      for (const date of [session.expiresAt, session.createdAt, session.updatedAt, user.createdAt, user.updatedAt]) {
        t.ok(date instanceof Date && !Number.isNaN(date.getTime()))
      }
      t.ok(session.expiresAt.getTime() > Date.now())
      t.same(await browser(api).auth.getSession(), { data: null, error: null })
    })

    await t.test('listSessions shows each browser, revokeSession ends the one of that token', async t => {
      const here = await signedUp(t)
      const there = await signedIn(t, here)
      const sessions = good(t, await here.auth.listSessions())
      t.equal(sessions.length, 2)
      const current = good(t, await here.auth.getSession())
      const other = sessions.find(({ id }) => id !== current.session.id)
      t.same(good(t, await here.auth.revokeSession({ token: other?.token ?? '' })), { status: true })
      await isSignedOut(t, there)
      await isSignedIn(t, here)
      t.equal(good(t, await here.auth.listSessions()).length, 1)
    })

    await t.test('revokeOtherSessions leaves this browser, revokeSessions none', async t => {
      const here = await signedUp(t)
      const [there, elsewhere] = [await signedIn(t, here), await signedIn(t, here)]
      t.same(good(t, await here.auth.revokeOtherSessions()), { status: true })
      await isSignedOut(t, there)
      await isSignedOut(t, elsewhere)
      await isSignedIn(t, here)
      t.same(good(t, await here.auth.revokeSessions()), { status: true })
      await isSignedOut(t, here)
    })

    await t.test('changePassword ends other browsers; the old password is refused', async t => {
      const here = await signedUp(t)
      const there = await signedIn(t, here)
      const newPassword = 'another password'
      const { token, user } = good(t, await here.auth.changePassword({
        currentPassword: here.password, newPassword, revokeOtherSessions: true
      }))
      t.equal(user.email, here.email)
      t.equal(claimsOf(token ?? '').sub, here.userId)
      await isSignedOut(t, there)
      await isSignedIn(t, here)
      bad(t, await browser(api).auth.signIn.email(here), 401, 'INVALID_EMAIL_OR_PASSWORD', 'Invalid email or password')
      await isSignedIn(t, await signedIn(t, { email: here.email, password: newPassword }))
    })

    await t.test('changePassword may leave the other browsers', async t => {
      const here = await signedUp(t)
      const there = await signedIn(t, here)
      const data = good(t, await here.auth.changePassword({
        currentPassword: here.password, newPassword: 'another password', revokeOtherSessions: false
      }))
      t.equal(data.token, null)
      await isSignedIn(t, there)
      await isSignedIn(t, here)
    })

    await t.test('a call that is not served fails with a message that the client can show', async t => {
      const { auth } = await signedUp(t)
      bad(t, await auth.signIn.social({ provider: 'github' }), 404, 'UNKNOWN_ROUTE', 'There is no such route')
      bad(t, await auth.listAccounts(), 404, 'UNKNOWN_ROUTE', 'There is no such route')
    })

    await t.test('signOut ends the session and empties the jar', async t => {
      const here = await signedUp(t)
      const kept = new Map(here.cookies)
      t.same(good(t, await here.auth.signOut()), { success: true })
      t.same([...here.cookies.keys()], ['keyturn_device'], 'but for what recognizes the device')
      await isSignedOut(t, here)
      here.cookies.set('session', kept.get('session') ?? '')
      await isSignedOut(t, here)
      here.cookies.clear()
      t.same(good(t, await here.auth.signOut()), { success: true }, 'and again is no fault')
    })

    await t.test('its bearer way, with fetchOptions.auth, works as well', async t => {
      const here = await signedUp(t)
      const token = here.cookies.get('session') ?? ''
      const auth = createAuthClient({ baseURL: api, fetchOptions: { auth: { type: 'Bearer', token } } })
      t.equal(good(t, await auth.getSession()).user.id, here.userId)
      t.equal(good(t, await auth.listSessions()).length, 1)
    })

    await t.test('its $fetch reaches refresh, which sets a new cookie', async t => {
      const here = await signedUp(t)
      const before = here.cookies.get('session')
      const { token } = good(t, await here.auth.$fetch<{ token: string }>('/refresh', { method: 'POST' }))
      t.not(token, before)
      t.equal(here.cookies.get('session'), token)
      await isSignedIn(t, here)
    })

    await t.test('errors reach the caller with code, message and status', async t => {
      const here = await signedUp(t)
      const { auth } = browser(api)
      const { name, email, password } = here
      bad(t, await auth.signUp.email({ name, email, password }), 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
        'User already exists. Use another email.')
      bad(t, await auth.signUp.email({ name, email: 'x', password }), 400, 'INVALID_EMAIL', 'Invalid email')
      bad(t, await auth.signUp.email({ name, email: `1${email}`, password: 'short' }), 400, 'PASSWORD_TOO_SHORT',
        'Password too short')
      bad(t, await auth.signIn.email({ email, password: 'wrong' }), 401, 'INVALID_EMAIL_OR_PASSWORD',
        'Invalid email or password')
      bad(t, await auth.revokeSession({ token: 'x' }), 401, 'UNAUTHORIZED', 'Unauthorized')
      bad(t, await here.auth.changePassword({ currentPassword: 'wrong', newPassword: 'another password' }), 400,
        'INVALID_PASSWORD', 'Invalid password')
      bad(t, await auth.$fetch('/refresh', { method: 'POST' }), 401, 'UNAUTHORIZED', 'Unauthorized')
      await isSignedIn(t, here)
    })
  })
}
