import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { build, databases } from '../../support/build.js'
import { mailboxOf } from '../../support/mailbox.js'
import { openSql } from '../../support/open-sql.js'
import { newPerson } from '../../support/people.js'
import { createRequester, sendRequest } from '../../support/requester.js'
import { claimsOf } from '../../support/set-cookie.js'

/* What people do with a mail in contract `account`, from the request to the result. */

const api = (path: string) => `POST /api/account/${path}`

const nowhere = () => `${randomUUID()}@example.com`

for (const database of databases) {
  t.test(`mails of contract account on ${database}`, async t => {
    const server = await build(t, { database })
    const sql = openSql(t, server.settings)
    const request = createRequester(server.api, 'account')
    const mailbox = mailboxOf(server.settings)

    async function signedUp (t: Test) {
      const { email, password } = newPerson()
      const { body } = await request(t, api('sign-up'), { json: { email, password, name: 'Ann' } })
      return { email, password, token: String(body.data.token), id: String(claimsOf(body.data.token).sub) }
    }

    /** Somebody who has confirmed the address. */
    async function verified (t: Test) {
      const person = await signedUp(t)
      const { code } = await mailbox.next(person.email, 'verify-email')
      const { status } = await request(t, api('email-verification/confirm'), { json: { email: person.email, code } })
      t.equal(status, 200)
      return person
    }

    const me = async (t: Test, bearer: string) => (await request(t, 'GET /api/account/me', { bearer })).body.data.user
    const isSignedIn = async (bearer: string) =>
      (await sendRequest(server.api, 'GET /api/account/me', { bearer })).status === 200
    const signInStatus = async (email: string, password: string) =>
      (await sendRequest(server.api, api('sign-in'), { json: { email, password } })).status
    const eventsOf = async (id: string) => (await sql<{ event: string }[]>`
      SELECT event FROM audit_events WHERE account_id = ${id} ORDER BY at`).map(({ event }) => event)

    await t.test('sign-up mails a code and a link; the code verifies the address and uses up the link', async t => {
      const { email, token, id } = await signedUp(t)
      t.equal((await me(t, token)).emailVerified, false)
      const mail = await mailbox.next(email, 'verify-email')
      t.match(mail.text, new RegExp(`^Hello ${email.split('@')[0]},`), 'without a name that is not known to be theirs')
      t.match(mail.link, /^http:\/\/localhost:3000\/account\/verify#token=/)
      const wrong = await request(t, api('email-verification/confirm'), { json: { email, code: '0000000x' } })
      t.match([wrong.status, wrong.body.error], [401, { code: 'INVALID_CODE', reason: 'code_wrong', retryable: false }])
      const spaced = mail.code.replace(/^(\d{4})/, '$1 ')
      const json = { email: email.toUpperCase(), code: spaced }
      const right = await request(t, api('email-verification/confirm'), { json })
      t.match([right.status, right.body], [200, { success: true, data: { verified: true } }])
      t.equal((await me(t, token)).emailVerified, true, 'also where the token was validated before')
      const again = await request(t, api('email-verification/confirm'), { json: { email, code: mail.code } })
      t.match([again.status, again.body.error.reason], [401, 'code_used'])
      const link = await request(t, api('email-verification/confirm'), { json: { token: mail.token } })
      t.match([link.status, link.body.error], [401, { code: 'INVALID_TOKEN', reason: 'token_used' }])
      const [first, second, ...later] = await eventsOf(id)
      t.same([first, second].sort(), ['account_created', 'signed_in'], 'of one statement, which has no order')
      t.same(later, ['code_failed', 'email_verified', 'code_failed'])
    })

    await t.test('the link verifies too; of several mails each is good until one is used', async t => {
      const { email, token } = await signedUp(t)
      const first = await mailbox.next(email, 'verify-email')
      t.equal((await request(t, api('email-verification'), { bearer: token })).status, 202)
      const second = await mailbox.next(email, 'verify-email')
      const { status } = await request(t, api('email-verification/confirm'), { json: { token: first.token } })
      t.equal(status, 200)
      const { body } = await request(t, api('email-verification/confirm'), { json: { email, code: second.code } })
      t.equal(body.error.reason, 'code_used', 'success ends the others of the purpose')
      t.equal((await request(t, api('email-verification'), { json: { email } })).status, 202)
      t.equal((await mailbox.mailsTo(email)).length, 2, 'a verified address gets no further mail')
    })

    await t.test('a reset with a code: all sessions end, the address is verified, there is no sign-in', async t => {
      const { email, password, token, id } = await signedUp(t)
      t.equal((await request(t, api('password-reset'), { json: { email } })).status, 202)
      const { code } = await mailbox.next(email, 'reset-password')
      const common = { email, code, newPassword: 'password' }
      const refused = await request(t, api('password-reset/confirm'), { json: common })
      t.match([refused.status, refused.body.error], [400, { code: 'PASSWORD_REFUSED', reason: 'password_common' }])
      const short = await request(t, api('password-reset/confirm'), { json: { email, code, newPassword: 'x' } })
      t.match([short.status, short.body.error], [400, { code: 'PASSWORD_REFUSED', reason: 'password_too_short' }])
      const newPassword = 'violin harbor meadow'
      const { status, body } = await request(t, api('password-reset/confirm'), { json: { email, code, newPassword } })
      t.match([status, body.data], [200, { reset: true }], 'a refused password has not spent the code')
      t.same([await isSignedIn(token), await signInStatus(email, password)], [false, 401])
      const signedIn = await request(t, api('sign-in'), { json: { email, password: newPassword } })
      t.equal(signedIn.body.data.user.emailVerified, true)
      await mailbox.next(email, 'password-changed')
      t.ok((await eventsOf(id)).includes('password_reset'))
    })

    await t.test('a reset by link ends every other code and link of the account', async t => {
      const { email } = await verified(t)
      await request(t, api('password-reset'), { json: { email } })
      await request(t, api('sign-in/link'), { json: { email } })
      const [reset, signIn] = [await mailbox.next(email, 'reset-password'), await mailbox.next(email, 'sign-in-link')]
      const json = { token: reset.token, newPassword: 'violin harbor meadow' }
      t.equal((await request(t, api('password-reset/confirm'), { json })).status, 200)
      const { status, body } = await request(t, api('sign-in/link/verify'), { json: { token: signIn.token } })
      t.match([status, body.error], [401, { code: 'INVALID_TOKEN', reason: 'token_expired' }])
    })

    await t.test('sign-in by code and by link: one use for both, and the address is verified', async t => {
      const { email, id } = await signedUp(t)
      const asked = await request(t, api('sign-in/code'), { json: { email } })
      t.match([asked.status, asked.body.data], [202, { challengeId: /^[\w-]{400,}$/, expiresIn: 600 }])
      const { code, token } = await mailbox.next(email, 'sign-in-code')
      const { challengeId } = asked.body.data
      const signedIn = await request(t, api('sign-in/code/verify'), { json: { challengeId, code } })
      t.equal(signedIn.status, 200)
      t.match(signedIn.body.data, { user: { email, emailVerified: true }, refreshToken: /^rt_/ })
      t.ok(await isSignedIn(signedIn.body.data.token))
      const link = await request(t, api('sign-in/link/verify'), { json: { token } })
      t.equal(link.body.error.reason, 'token_used')
      t.same((await eventsOf(id)).slice(-2).sort(), ['email_verified', 'signed_in'])

      await sql`UPDATE mail_counts SET ends_at = now()`
      t.equal((await request(t, api('sign-in/link'), { json: { email } })).status, 202)
      const mail = await mailbox.next(email, 'sign-in-link')
      t.equal(mail.code, '', 'the mail of a link has no code')
      t.equal((await request(t, api('sign-in/link/verify'), { json: { token: mail.token } })).status, 200)
      const again = await request(t, api('sign-in/code/verify'), { json: { challengeId: 'x', code } })
      t.equal(again.body.error.reason, 'code_wrong', 'not an id of ours')
    })

    await t.test('an address changes with the code in a session, and the old one can undo it', async t => {
      const person = await verified(t)
      const newEmail = nowhere()
      const json = { newEmail, password: person.password }
      const wrong = await request(t, api('email'), { bearer: person.token, json: { newEmail, password: 'wrong' } })
      t.match([wrong.status, wrong.body.error.code], [401, 'INVALID_CREDENTIALS'])
      t.equal((await request(t, api('email'), { bearer: person.token, json })).status, 202)
      t.equal((await me(t, person.token)).email, person.email, 'nothing changes before it is confirmed')
      const { code } = await mailbox.next(newEmail, 'change-email')
      t.equal((await request(t, api('email/confirm'), { json: { code } })).status, 401, 'a code needs the session')
      const changed = await request(t, api('email/confirm'), { bearer: person.token, json: { code } })
      t.match([changed.status, changed.body.data.user], [200, { email: newEmail, emailVerified: true }])
      t.equal((await me(t, person.token)).email, newEmail, 'the session goes on')
      t.equal(await signInStatus(person.email, person.password), 401)
      t.equal(await signInStatus(newEmail, person.password), 200)

      const password = 'violin harbor meadow'
      const taken = await request(t, api('sign-up'), { json: { email: person.email, password } })
      t.match([taken.status, taken.body.error.code], [409, 'EMAIL_TAKEN'], 'nobody can take the old one meanwhile')
      const notice = await mailbox.next(person.email, 'email-changed')
      t.ok(notice.text.includes(newEmail))
      const undone = await request(t, api('email/undo'), { json: { token: notice.token } })
      t.match([undone.status, undone.body.data], [200, { restored: true }])
      t.equal(await isSignedIn(person.token), false)
      t.equal(await signInStatus(person.email, person.password), 200)
      await mailbox.next(person.email, 'reset-password')
      const free = await request(t, api('sign-up'), { json: { email: newEmail, password: 'violin harbor meadow' } })
      t.equal(free.status, 201, 'the other address is free again')
      const again = await request(t, api('email/undo'), { json: { token: notice.token } })
      t.equal(again.body.error.reason, 'token_used')
    })

    await t.test('a thief who changes the address twice and the password does not shut the owner out', async t => {
      const owner = await verified(t)
      const change = async (bearer: string, password: string, newEmail: string) => {
        await request(t, api('email'), { bearer, json: { newEmail, password } })
        const { token } = await mailbox.next(newEmail, 'change-email')
        t.equal((await request(t, api('email/confirm'), { json: { token } })).status, 200)
      }
      const [second, third] = [nowhere(), nowhere()]
      await change(owner.token, owner.password, second)
      const stolen = 'a password of the thief'
      const json = { currentPassword: owner.password, newPassword: stolen }
      const { body } = await request(t, api('password'), { bearer: owner.token, json })
      await change(String(body.data.token), stolen, third)
      const later = await mailbox.next(second, 'email-changed')
      const { token } = await mailbox.next(owner.email, 'email-changed')
      t.equal((await request(t, api('email/undo'), { json: { token } })).status, 200)
      const undoing = await request(t, api('email/undo'), { json: { token: later.token } })
      t.equal(undoing.body.error.reason, 'token_used', 'links of later changes are dead')
      const reset = await mailbox.next(owner.email, 'reset-password')
      const newPassword = 'violin harbor meadow'
      const choice = { token: reset.token, newPassword }
      t.equal((await request(t, api('password-reset/confirm'), { json: choice })).status, 200)
      t.equal(await signInStatus(owner.email, newPassword), 200)
      t.equal(await signInStatus(third, stolen), 401)
    })

    await t.test('an address that another account has shows only when it is confirmed, and spends nothing', async t => {
      const [person, other] = [await signedUp(t), await signedUp(t)]
      const json = { newEmail: other.email, password: person.password }
      t.equal((await request(t, api('email'), { bearer: person.token, json })).status, 202)
      const { token } = await mailbox.next(other.email, 'change-email')
      const taken = await request(t, api('email/confirm'), { json: { token } })
      t.match([taken.status, taken.body.error.code], [409, 'EMAIL_TAKEN'])
      await sql`DELETE FROM accounts WHERE id = ${other.id}`
      await sql`DELETE FROM account_identifiers WHERE account_id = ${other.id}`
      t.equal((await request(t, api('email/confirm'), { json: { token } })).status, 200)
      t.same(await mailbox.mailsTo(person.email).then(mails => mails.map(({ kind }) => kind)), ['verify-email'],
        'an address that was never confirmed gets no notice')
      const free = await request(t, api('sign-up'), { json: { email: person.email, password: 'violin harbor meadow' } })
      t.equal(free.status, 201, 'and is free at once')
    })

    await t.test('wrong codes: five for each code, the same for an address without an account', async t => {
      const { email } = await signedUp(t)
      const outcomes = []
      for (const address of [email, nowhere()]) {
        await request(t, api('password-reset'), { json: { email: address } })
        const reasons = []
        for (let tried = 0; tried < 7; tried += 1) {
          const json = { email: address, code: '1234567x', newPassword: 'violin harbor meadow' }
          reasons.push((await request(t, api('password-reset/confirm'), { json })).body.error.reason)
        }
        outcomes.push(reasons)
      }
      const wrong = Array.from({ length: 5 }, () => 'code_wrong')
      t.same(outcomes, [[...wrong, 'code_exhausted', 'code_exhausted'], [...wrong, 'code_exhausted', 'code_exhausted']])
      const { code, token } = await mailbox.next(email, 'reset-password')
      const newPassword = 'violin harbor meadow'
      const right = await request(t, api('password-reset/confirm'), { json: { email, code, newPassword } })
      t.equal(right.body.error.reason, 'code_exhausted', 'also the right one')
      t.equal((await request(t, api('password-reset/confirm'), { json: { token, newPassword } })).status, 200,
        'a stranger who uses up the code leaves the link')
    })

    await t.test('a code is good for ten minutes, a link for an hour', async t => {
      const { email } = await signedUp(t)
      const { code, token } = await mailbox.next(email, 'verify-email')
      await sql`UPDATE challenges SET code_expires_at = now() WHERE email = ${email}`
      for (const presented of [code, '0000000x']) {
        const { body } = await request(t, api('email-verification/confirm'), { json: { email, code: presented } })
        t.equal(body.error.reason, 'code_expired')
      }
      await sql`UPDATE challenges SET expires_at = now() WHERE email = ${email}`
      const { body } = await request(t, api('email-verification/confirm'), { json: { token } })
      t.equal(body.error.reason, 'token_expired')
      const unknown = await request(t, api('email-verification/confirm'), { json: { email: nowhere(), code } })
      t.equal(unknown.body.error.reason, 'code_wrong')
    })

    await t.test('a body has a token, or a code with its address', async t => {
      const email = nowhere()
      for (const [json, paths] of [
        [{}, ['token', 'code']], [{ email }, ['token', 'code']], [{ code: '12345678' }, ['token', 'email']]
      ] as const) {
        const { status, body } = await request(t, api('email-verification/confirm'), { json })
        t.match([status, body.error.code], [400, 'VALIDATION_ERROR'])
        t.same((body.error.details as Array<{ path: string }>).map(({ path }) => path), paths)
      }
      t.equal((await request(t, api('email/confirm'), { json: {} })).status, 400)
      t.equal((await request(t, api('email-verification'))).status, 401, 'of nobody')
      for (const token of ['x', 'A'.repeat(86), `${'A'.repeat(85)}B`]) {
        const { body } = await request(t, api('email/undo'), { json: { token } })
        t.equal(body.error.reason, 'token_unknown')
      }
    })

    await t.test('a disabled account gets no mail, and its codes and links are dead', async t => {
      const { email, id } = await signedUp(t)
      const { code, token } = await mailbox.next(email, 'verify-email')
      await server.core.accounts.disable(email, { address: null, userAgent: null })
      await request(t, api('password-reset'), { json: { email } })
      const byCode = await request(t, api('email-verification/confirm'), { json: { email, code } })
      t.equal(byCode.body.error.reason, 'code_expired')
      const byLink = await request(t, api('email-verification/confirm'), { json: { token } })
      t.equal(byLink.body.error.reason, 'token_expired')
      await sql`DELETE FROM accounts WHERE id = ${id}`
      t.equal((await mailbox.mailsTo(email)).length, 1)
    })

    await t.test('deletion: all sessions end, sign-in is refused, and it can be called off until the time', async t => {
      const { email, password, token } = await verified(t)
      const wrong = await request(t, api('me/deletion'), { bearer: token, json: { password: 'wrong' } })
      t.equal(wrong.status, 401)
      const { status, body } = await request(t, api('me/deletion'), { bearer: token, json: { password } })
      t.equal(status, 202)
      const { deletesAt } = body.data
      t.ok(Math.abs(Date.parse(deletesAt) - Date.now() - 14 * 86_400_000) < 60_000)
      t.match((await mailbox.next(email, 'deletion-scheduled')).text, String(deletesAt).slice(0, 10))
      t.equal(await isSignedIn(token), false)
      const refused = await request(t, api('sign-in'), { json: { email, password } })
      t.match([refused.status, refused.body.error],
        [403, { code: 'DELETION_PENDING', reason: 'deletion_pending', details: { deletesAt } }])
      const asked = await request(t, api('sign-in/code'), { json: { email } })
      const { code } = await mailbox.next(email, 'sign-in-code')
      const json = { challengeId: asked.body.data.challengeId, code }
      t.equal((await request(t, api('sign-in/code/verify'), { json })).body.error.code, 'DELETION_PENDING')
      t.equal(await signInStatus(email, 'wrong'), 401, 'only the right proof tells')
      const canceled = await request(t, api('me/deletion/cancel'), { json: { email, password } })
      t.match([canceled.status, canceled.body.data], [200, { canceled: true }])
      const again = await request(t, api('me/deletion/cancel'), { json: { email, password } })
      t.equal(again.status, 200, 'twice is as good')
      t.equal(await signInStatus(email, password), 200)
    })

    await t.test('when the time has come, everything of the account is gone', async t => {
      const person = await verified(t)
      const newEmail = nowhere()
      await request(t, api('email'), { bearer: person.token, json: { newEmail, password: person.password } })
      const { token } = await mailbox.next(newEmail, 'change-email')
      await request(t, api('email/confirm'), { json: { token } })
      await request(t, api('me/deletion'), { bearer: person.token, json: { password: person.password } })
      await server.core.personalData.deleteDue()
      t.equal((await sql`SELECT FROM accounts WHERE id = ${person.id}`).length, 1, 'not before')
      await sql`UPDATE accounts SET deletes_at = now() WHERE id = ${person.id}`
      await server.core.personalData.deleteDue()
      for (const table of ['sessions', 'tasks', 'challenges', 'mails', 'account_identifiers']) {
        t.same(await sql`SELECT FROM ${sql(table)} WHERE account_id = ${person.id}`, [], table)
      }
      t.same(await sql`SELECT FROM accounts WHERE id = ${person.id}`, [])
      t.match(await sql`SELECT actor FROM audit_events WHERE account_id = ${person.id} AND event = 'account_deleted'`,
        [{ actor: 'policy' }])
      for (const email of [person.email, newEmail]) {
        const { status } = await request(t, api('sign-up'), { json: { email, password: 'violin harbor meadow' } })
        t.equal(status, 201, 'the addresses are free')
      }
    })
  })
}
