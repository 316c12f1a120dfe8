import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { build, databases } from '../support/build.js'
import type { Reply } from '../support/http.js'
import { drivers, type Driver, type Person } from './drivers.js'

/* What every contract promises, said once. What is one contract's own stands in test/contracts. */

const names = ['partner', 'session', 'spa', 'tasks', 'web', 'account'] as const

function newPerson (): Person {
  const id = randomUUID()
  return { email: `${id}@example.com`, username: id, password: 'correct horse battery' }
}

function refuses (t: Test, reply: Reply, expected: { status: number, body: object }): void {
  t.equal(reply.status, expected.status)
  t.match(reply.body, expected.body)
  t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
  t.equal(reply.headers.get('cache-control'), 'no-store')
  if (expected.status === 401) t.match(reply.headers.get('www-authenticate'), /^Bearer realm="keyturn"/)
}

for (const database of databases) {
  t.test(`on ${database}`, async t => {
    let clock = 0
    const server = await build(t, { database, now: () => Date.now() + clock })
    const all = drivers(server)

    async function signedIn (driver: Driver): Promise<{ person: Person, token: string }> {
      const person = newPerson()
      await driver.signUp(person)
      return { person, token: driver.tokenOf(await driver.signIn(person)) }
    }

    for (const name of names) {
      const driver = all[name]
      if (driver === undefined) throw new Error(`no driver for ${name}`)

      t.test(`${name}: sign up, sign in, use, sign out`, async t => {
        const person = newPerson()
        t.match((await driver.signUp(person)).status, /^20[01]$/)
        const reply = await driver.signIn({ ...person, email: ` ${person.email.toUpperCase()} ` })
        t.equal(reply.status, 200)
        t.equal(reply.headers.get('cache-control'), 'no-store')
        const token = driver.tokenOf(reply)
        t.ok(driver.isGood(await driver.callProtected(token)))
        t.match((await driver.signOut(token)).status, /^20[04]$/)
        refuses(t, await driver.callProtected(token), driver.refusals.badToken)
      })

      t.test(`${name}: a taken email is refused, in any spelling`, async t => {
        const person = newPerson()
        await driver.signUp(person)
        const again = { ...newPerson(), email: person.email.toUpperCase() }
        refuses(t, await driver.signUp(again), driver.refusals.taken)
      })

      t.test(`${name}: of concurrent sign-ups with one email exactly one wins`, async t => {
        const { email } = newPerson()
        const replies = await Promise.all(Array.from({ length: 8 }, () => driver.signUp({ ...newPerson(), email })))
        t.equal(replies.filter(reply => reply.status < 300).length, 1)
        for (const reply of replies.filter(reply => reply.status >= 300)) refuses(t, reply, driver.refusals.taken)
      })

      t.test(`${name}: an unknown email and a wrong password get the same reply`, async t => {
        const { person } = await signedIn(driver)
        const wrong = await driver.signIn({ ...person, password: 'wrong password' })
        const unknown = await driver.signIn({ ...newPerson(), password: 'wrong password' })
        refuses(t, wrong, driver.refusals.wrongPassword)
        t.equal(unknown.text, wrong.text)
        t.equal(unknown.status, wrong.status)
        t.same([...unknown.headers.keys()], [...wrong.headers.keys()])
      })

      t.test(`${name}: so does a disabled account, whose tokens are refused`, async t => {
        const { person, token } = await signedIn(driver)
        await server.core.accounts.disable(person.email, { address: null, userAgent: null })
        refuses(t, await driver.callProtected(token), driver.refusals.badToken)
        refuses(t, await driver.signIn(person), driver.refusals.wrongPassword)
      })

      t.test(`${name}: an expired token is refused`, async t => {
        const { token } = await signedIn(driver)
        clock = 8 * 86_400_000
        refuses(t, await driver.callProtected(token), driver.refusals.badToken)
        clock = 0
        t.ok(driver.isGood(await driver.callProtected(token)))
      })

      t.test(`${name}: a token of a revoked session is refused`, async t => {
        const { person, token } = await signedIn(driver)
        t.ok(driver.isGood(await driver.callProtected(token)))
        const account = await server.core.accounts.findByEmail(person.email)
        await server.core.sessions.endAll(account?.id ?? '', 'revoked', { address: null, userAgent: null })
        refuses(t, await driver.callProtected(token), driver.refusals.badToken)
      })

      t.test(`${name}: whatever is no token is refused`, async t => {
        const { token } = await signedIn(driver)
        const [header = '', payload = '', signature = ''] = token.split('.')
        const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
        for (const bad of ['x', 'a.b.c', `${header}.${payload}.`, `${none}.${payload}.${signature}`, `rt_${token}`]) {
          refuses(t, await driver.callProtected(bad), driver.refusals.badToken)
        }
      })

      for (const other of names) {
        t.test(`${name}: an account of here signs in at ${other}, whose token is good here and ends there`, async t => {
          const there = all[other]
          if (there === undefined) throw new Error(`no driver for ${other}`)
          const person = newPerson()
          await driver.signUp(person)
          const token = there.tokenOf(await there.signIn(person))
          t.ok(driver.isGood(await driver.callProtected(token)))
          await there.signOut(token)
          refuses(t, await driver.callProtected(token), driver.refusals.badToken)
        })
      }
    }
  })
}
