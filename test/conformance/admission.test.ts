import t, { type Test } from 'tap'
import { build, type BuildOptions } from '../support/build.js'
import type { Reply } from '../support/http.js'
import { mailboxOf } from '../support/mailbox.js'
import { openSql } from '../support/open-sql.js'
import { newPerson } from '../support/people.js'
import { send } from '../support/http.js'
import { drivers } from './drivers.js'

/* Who has proved who they are and may not sign in all the same: refused in the shape of each contract. */

async function setUp (t: Test, settings: BuildOptions['settings'] = {}) {
  const server = await build(t, { settings })
  return { server, sql: openSql(t, server.settings), contracts: drivers(server), mailbox: mailboxOf(server.settings) }
}

/** What a refusal says, wherever the contract has its words. */
const saysOf = ({ text }: Reply) => text.toLowerCase().replaceAll(/[_\s]+/g, ' ')

t.test('an account that waits for its deletion signs in nowhere, and only the right password shows it', async t => {
  const { sql, contracts } = await setUp(t)
  for (const [name, contract] of Object.entries(contracts)) {
    const person = newPerson()
    await contract.signUp(person)
    await sql`UPDATE accounts SET deletes_at = now() + interval '1 h' WHERE email = ${person.email}`
    const refused = await contract.signIn(person)
    t.equal(refused.status, 403, name)
    t.match(saysOf(refused), /about to be deleted/, name)
    const { status } = await contract.signIn({ ...person, password: 'a wrong password' })
    t.equal(status, contract.refusals.wrongPassword.status, name)
    await sql`UPDATE accounts SET deletes_at = NULL WHERE email = ${person.email}`
    t.match(String((await contract.signIn(person)).status), /^20\d$/, `${name}: until it is called off`)
  }
})

t.test('with EMAIL_VERIFICATION=required no contract signs in before the address is confirmed', async t => {
  const { server, contracts, mailbox } = await setUp(t, { emailVerification: 'required' })
  for (const [name, contract] of Object.entries(contracts)) {
    const person = newPerson()
    const signedUp = await contract.signUp(person)
    const signsInAtOnce = ['session', 'tasks'].includes(name)
    t.equal(signedUp.status, name === 'account' ? 202 : signsInAtOnce ? 403 : 201, name)
    if (signsInAtOnce) t.match(saysOf(signedUp), /confirm the email address|email not verified/, name)
    t.equal((await contract.signIn(person)).status, 403, name)
    const wrong = await contract.signIn({ ...person, password: 'a wrong password' })
    t.equal(wrong.status, contract.refusals.wrongPassword.status, `${name}: only the right password tells`)
    const { token } = await mailbox.next(person.email, 'verify-email')
    const { status } = await send(`${server.api}/api/account/email-verification/confirm`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token })
    })
    t.equal(status, 200)
    const signedIn = await contract.signIn(person)
    t.ok(contract.isGood(await contract.callProtected(contract.tokenOf(signedIn))), name)
  }
})

t.test('with EMAIL_VERIFICATION=required contract account does not tell whether an address has an account', async t => {
  const { contracts: { account }, mailbox, sql } = await setUp(t, { emailVerification: 'required' })
  if (account === undefined) throw new Error('there is no contract account')
  const person = newPerson()
  const replies = [await account.signUp(person), await account.signUp(person), await account.signUp(person)]
  for (const { status, text } of replies) {
    t.same([status, text], [202, '{"success":true,"data":{"verification":"sent"}}'])
  }
  await mailbox.next(person.email, 'address-taken')
  t.equal((await mailbox.mailsTo(person.email)).length, 2, 'one such mail a minute')
  const sameName = await account.signUp({ ...newPerson(), username: person.username })
  t.equal(sameName.status, 409, 'a username that is taken is no address')
  // A claim of an account that was never made, as a process that died leaves it.
  const { email } = newPerson()
  await sql`
    INSERT INTO account_identifiers (kind, value, account_id) VALUES ('email', ${email}, gen_random_uuid())`
  t.equal((await account.signUp({ ...newPerson(), email })).status, 202)
})

t.test('with EMAIL_VERIFICATION=off contract account sends no mail at sign-up', async t => {
  const { contracts: { account }, sql } = await setUp(t, { emailVerification: 'off' })
  const person = newPerson()
  t.equal((await account?.signUp(person))?.status, 201)
  t.same(await sql`SELECT FROM mails WHERE recipient = ${person.email}`, [])
})

t.test('without anywhere to send mails to, what needs one is refused for every address alike', async t => {
  const { server, contracts: { account } } = await setUp(t, { mail: { delivery: 'none' } })
  const person = newPerson()
  t.equal((await account?.signUp(person))?.status, 201, 'sign-up needs none')
  for (const path of ['password-reset', 'email-verification', 'sign-in/code', 'sign-in/link']) {
    for (const email of [person.email, newPerson().email]) {
      const { status, body, headers } = await send(`${server.api}/api/account/${path}`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email })
      })
      t.match([status, body.error], [503, { code: 'MAIL_UNAVAILABLE', reason: 'mail_unavailable', retryable: true }])
      t.ok(headers.get('retry-after'))
    }
  }
})
