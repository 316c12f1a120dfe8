import { createAuthClient } from 'better-auth/client'
import { emailOTPClient, magicLinkClient } from 'better-auth/client/plugins'
import t, { type Test } from 'tap'
import { build, databases } from '../../support/build.js'
import { mailboxOf } from '../../support/mailbox.js'
import { openSql } from '../../support/open-sql.js'
import { newPerson } from '../../support/people.js'
import { sendRaw } from '../../support/raw-http.js'

/* Better Auth's client from npm, with its plugins for codes and links, against Keyturn. */

interface Answer<Data> {
  data: Data | null
  error: null | { code?: string | undefined, status: number }
}

function good<Data> (t: Test, { data, error }: Answer<Data>): Data {
  t.equal(error, null)
  if (data === null) throw new Error(`no data: ${JSON.stringify(error)}`)
  return data
}

const refusalOf = <Data>({ error }: Answer<Data>) => [error?.status, error?.code]

for (const database of databases) {
  t.test(`mails by the client of Better Auth on ${database}`, async t => {
    const { api, settings } = await build(t, { database })
    const sql = openSql(t, settings)
    const mailbox = mailboxOf(settings)

    /** A browser that keeps the cookie of the session. */
    function browser () {
      let cookie = ''
      const customFetchImpl = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
        const request = new Request(input, init)
        if (cookie !== '') request.headers.set('cookie', cookie)
        const response = await fetch(request)
        const [set] = response.headers.getSetCookie().filter(each => each.startsWith('session='))
        if (set !== undefined) cookie = set.includes('Max-Age=0') ? '' : String(set.split(';')[0])
        return response
      }
      return createAuthClient({
        baseURL: api, fetchOptions: { customFetchImpl }, plugins: [emailOTPClient(), magicLinkClient()]
      })
    }

    async function signedUp (t: Test) {
      const { username: name, email, password } = newPerson()
      const auth = browser()
      good(t, await auth.signUp.email({ name, email, password }))
      return { auth, email, password }
    }

    await t.test('sendVerificationEmail and verifyEmail', async t => {
      const { auth, email } = await signedUp(t)
      t.same(good(t, await auth.sendVerificationEmail({ email, callbackURL: '/' })), { status: true })
      const { token } = await mailbox.next(email, 'verify-email')
      const verified = good(t, await auth.verifyEmail({ query: { token } }))
      t.match(verified, { status: true, user: { email, emailVerified: true } })
      t.same(refusalOf(await auth.verifyEmail({ query: { token } })), [400, 'INVALID_TOKEN'])
      t.equal(good(t, await auth.getSession()).user.emailVerified, true)
    })

    await t.test('requestPasswordReset and resetPassword', async t => {
      const { auth, email } = await signedUp(t)
      t.equal(good(t, await auth.requestPasswordReset({ email, redirectTo: '/reset' })).status, true)
      const { token } = await mailbox.next(email, 'reset-password')
      const newPassword = 'violin harbor meadow'
      t.same(refusalOf(await auth.resetPassword({ newPassword: 'x', token })), [400, 'PASSWORD_TOO_SHORT'])
      t.same(good(t, await auth.resetPassword({ newPassword, token })), { status: true })
      t.equal((await auth.getSession()).data, null)
      t.ok(good(t, await browser().signIn.email({ email, password: newPassword })))
    })

    await t.test('emailOtp: each of its three types', async t => {
      const { email } = await signedUp(t)
      const auth = browser()
      t.same(good(t, await auth.emailOtp.sendVerificationOtp({ email, type: 'sign-in' })), { success: true })
      const signIn = await mailbox.next(email, 'sign-in-code')
      t.same(refusalOf(await auth.signIn.emailOtp({ email, otp: '0000000x' })), [400, 'INVALID_OTP'])
      const signedIn = good(t, await auth.signIn.emailOtp({ email, otp: signIn.code }))
      t.match(signedIn, { user: { email, emailVerified: true } })
      t.ok(good(t, await auth.getSession()))

      const other = await signedUp(t)
      good(t, await auth.emailOtp.sendVerificationOtp({ email: other.email, type: 'email-verification' }))
      const { code } = await mailbox.next(other.email, 'verify-email')
      const verified = good(t, await auth.emailOtp.verifyEmail({ email: other.email, otp: code }))
      t.match(verified, { status: true, token: null })

      good(t, await auth.emailOtp.sendVerificationOtp({ email, type: 'forget-password' }))
      const reset = await mailbox.next(email, 'reset-password')
      const password = 'violin harbor meadow'
      t.same(good(t, await auth.emailOtp.resetPassword({ email, otp: reset.code, password })), { success: true })
      t.same(refusalOf(await auth.emailOtp.resetPassword({ email, otp: reset.code, password })), [400, 'INVALID_OTP'])
    })

    await t.test('a code that expired, and one that was guessed too often, have codes of their own', async t => {
      const { email } = await signedUp(t)
      const auth = browser()
      await auth.emailOtp.sendVerificationOtp({ email, type: 'sign-in' })
      for (let tried = 0; tried < 5; tried += 1) await auth.signIn.emailOtp({ email, otp: 'wrong' })
      t.same(refusalOf(await auth.signIn.emailOtp({ email, otp: 'wrong' })), [400, 'TOO_MANY_ATTEMPTS'])
      await sql`UPDATE challenges SET code_expires_at = now() WHERE email = ${email}`
      t.same(refusalOf(await auth.signIn.emailOtp({ email, otp: 'wrong' })), [400, 'OTP_EXPIRED'])
    })

    await t.test('signIn.magicLink and magicLink.verify', async t => {
      const { email } = await signedUp(t)
      const auth = browser()
      t.same(good(t, await auth.signIn.magicLink({ email, callbackURL: '/' })), { status: true })
      const { token } = await mailbox.next(email, 'sign-in-link')
      const opened = await sendRaw(api, {
        method: 'GET', target: `/api/auth/magic-link/verify?token=${token}`, headers: ['Sec-Fetch-Mode: navigate']
      })
      t.match([opened.status, opened.headers.get('location')], [302, /\/account\/link#token=/])
      const signedIn = good(t, await auth.magicLink.verify({ query: { token } }))
      t.match(signedIn, { user: { email }, session: { ipAddress: '127.0.0.1' } })
      t.equal(good(t, await auth.getSession()).user.email, email)
      t.same(refusalOf(await auth.magicLink.verify({ query: { token } })), [400, 'INVALID_TOKEN'])
    })

    await t.test('updateUser, changeEmail and deleteUser', async t => {
      const { auth, email, password } = await signedUp(t)
      t.same(good(t, await auth.updateUser({ name: 'Another Name' })), { status: true })
      t.same(good(t, await auth.updateUser({ image: 'https://example.com/x.png' })), { status: true })
      t.equal(good(t, await auth.getSession()).user.name, 'Another Name')

      const newEmail = newPerson().email
      t.same(good(t, await auth.changeEmail({ newEmail })), { status: true })
      const { token } = await mailbox.next(newEmail, 'change-email')
      await fetch(`${api}/api/account/email/confirm`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token })
      })
      t.equal(good(t, await auth.getSession()).user.email, newEmail)

      await sql`UPDATE sessions SET created_at = now() - interval '601 s' WHERE email = ${newEmail} OR account_id = (
        SELECT id FROM accounts WHERE email = ${newEmail})`
      const there = browser()
      good(t, await there.signIn.email({ email: newEmail, password }))
      await sql`UPDATE sessions SET created_at = now() - interval '601 s' WHERE account_id = (
        SELECT id FROM accounts WHERE email = ${newEmail})`
      t.same(refusalOf(await there.changeEmail({ newEmail: email })), [403, 'SESSION_NOT_FRESH'])
      t.same(refusalOf(await there.deleteUser()), [403, 'SESSION_NOT_FRESH'])
      t.same(refusalOf(await there.deleteUser({ password: 'wrong' })), [400, 'INVALID_PASSWORD'])
      t.match(good(t, await there.deleteUser({ password })), { success: true })
      t.equal((await there.getSession()).data, null)
      t.same(refusalOf(await there.signIn.email({ email: newEmail, password })), [403, 'DELETION_PENDING'])
    })

    await t.test('deleteUser in a session of a moment ago needs no password', async t => {
      const { auth } = await signedUp(t)
      t.match(good(t, await auth.deleteUser()), { success: true })
      t.equal((await auth.getSession()).data, null)
    })
  })
}
