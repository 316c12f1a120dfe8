import t, { type Test } from 'tap'
import { openSql } from '../../support/open-sql.js'
import { secondCore, operator } from '../../support/second-core.js'
import { build, databases } from '../../support/build.js'
import { post, type Reply } from '../../support/http.js'
import { expectKeys } from '../../support/expect-keys.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { loggedIn, newPerson, type Person } from '../../support/people.js'

/* The specification of contract `spa`, "User Registration". */

const wholeSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const minLength = 'value_error.any_str.min_length'
const maxLength = 'value_error.any_str.max_length'
const unstorable = ['value has characters that cannot be stored, or too many', 'value_error.str'] as const

/** The status, the type, and that nothing of it is kept by a cache. */
function hasStatus (t: Test, reply: Reply, status: number): void {
  t.equal(reply.status, status)
  t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
  t.equal(reply.headers.get('cache-control'), 'no-store')
  matchesOpenapi(t, 'spa', 'POST /api/auth/register', reply)
}

for (const database of databases) {
  t.test(`registration on ${database}`, async t => {
    const server = await build(t, { database })
    const { accounts } = await secondCore(t, server.settings)
    const sql = openSql(t, server.settings)
    const register = (body: object) => post(`${server.api}/api/auth/register`, body)

    /** The specification's 422, to the byte. */
    async function isInvalid (
      t: Test, body: object, ...problems: Array<readonly [field: string, msg: string, type: string]>
    ): Promise<void> {
      const reply = await register(body)
      hasStatus(t, reply, 422)
      const detail = problems.map(([field, msg, type]) => ({ loc: ['body', field], msg, type }))
      t.equal(reply.text, JSON.stringify({ detail }))
    }

    async function isTaken (t: Test, body: Person, what: 'Email' | 'Username'): Promise<void> {
      const reply = await register(body)
      hasStatus(t, reply, 400)
      t.equal(reply.text, `{"detail":"${what} already registered"}`)
    }

    await t.test('201 with the account, its members, types and order as specified', async t => {
      const person = newPerson()
      const reply = await register(person)
      hasStatus(t, reply, 201)
      const { id, created_at: created, updated_at: updated } = reply.body
      t.equal(reply.text, JSON.stringify({
        id, username: person.username, email: person.email, created_at: created, updated_at: updated
      }))
      t.ok(Number.isSafeInteger(id) && id >= 1, 'the id is an integer')
      t.match(created, wholeSeconds)
      t.ok(Math.abs(Date.parse(created) - Date.now()) < 60_000)
      t.equal(updated, created)
      t.ok((await register(newPerson())).body.id > id, 'and the next account has a higher one')
    })

    await t.test('the account signs in elsewhere with what it was made of', async t => {
      const person = newPerson()
      await register(person)
      t.match((await loggedIn(server.api, person)).token, /^ey/)
    })

    await t.test('the email is trimmed and in lower case, the username is kept as it is', async t => {
      const person = newPerson()
      const username = person.username.toUpperCase()
      const { status, body } = await register({ ...person, username, email: `\t ${person.email.toUpperCase()} ` })
      t.equal(status, 201)
      t.equal(body.email, person.email)
      t.equal(body.username, username)
    })

    await t.test('an email that is taken is a 400, in whatever case', async t => {
      const person = newPerson()
      await register(person)
      for (const email of [person.email, person.email.toUpperCase(), ` ${person.email} `]) {
        await isTaken(t, { ...newPerson(), email }, 'Email')
      }
      const elsewhere = newPerson()
      await accounts.register({ email: elsewhere.email, password: 'password no 1', minPasswordLength: 8 }, operator)
      await isTaken(t, elsewhere, 'Email')
    })

    await t.test('a username that is taken is a 400, in whatever case', async t => {
      const person = newPerson()
      await register(person)
      for (const username of [person.username, person.username.toUpperCase()]) {
        await isTaken(t, { ...newPerson(), username }, 'Username')
      }
    })

    await t.test('of concurrent registrations of one email exactly one makes an account', async t => {
      const { email } = newPerson()
      const replies = await Promise.all(Array.from({ length: 20 }, () => register({ ...newPerson(), email })))
      t.same(replies.map(({ status }) => status).sort(), [201, ...Array.from({ length: 19 }, () => 400)])
      for (const reply of replies.filter(({ status }) => status === 400)) {
        t.equal(reply.text, '{"detail":"Email already registered"}')
      }
      const rows = await sql`SELECT id FROM accounts WHERE email = ${email}`
      t.equal(rows.length, 1)
    })

    await t.test('of concurrent registrations of one username exactly one makes an account', async t => {
      const { username } = newPerson()
      const replies = await Promise.all(Array.from({ length: 20 }, () => register({ ...newPerson(), username })))
      t.same(replies.map(({ status }) => status).sort(), [201, ...Array.from({ length: 19 }, () => 400)])
      const rows = await sql`SELECT id FROM accounts WHERE lower(username) = ${username}`
      t.equal(rows.length, 1)
    })

    await t.test('an email that is none is a 422 with the specified message', async t => {
      for (const email of [
        'john', 'john@', '@example.com', 'john@example', 'john@@example.com', 'john@example..com', 'a b@example.com',
        'john@-example.com', '.john@example.com', 'john.@example.com', 'jöhn@example.com', '"john"@example.com',
        'john@example.com\u0000', 'john@exa\nmple.com', 'john@example.com,eve@example.com',
        `${'j'.repeat(243)}@example.com`
      ]) {
        await isInvalid(t, { ...newPerson(), email },
          ['email', 'value is not a valid email address', 'value_error.email'])
      }
      t.equal((await register({ ...newPerson(), email: `${'j'.repeat(242)}@example.com` })).status, 201, '254 will do')
    })

    await t.test('a missing field is a 422, and all that miss are named', async t => {
      const { username, email, password } = newPerson()
      const missing = (field: string) => [field, 'field required', 'value_error.missing'] as const
      await isInvalid(t, { email, password }, missing('username'))
      await isInvalid(t, { username, password }, missing('email'))
      await isInvalid(t, { username, email }, missing('password'))
      await isInvalid(t, {}, missing('username'), missing('email'), missing('password'))
    })

    await t.test('a username has 3 to 50 characters', async t => {
      const tooShort = ['username', 'ensure this value has at least 3 characters', minLength] as const
      const tooLong = ['username', 'ensure this value has at most 50 characters', maxLength] as const
      await isInvalid(t, { ...newPerson(), username: 'jo' }, tooShort)
      await isInvalid(t, { ...newPerson(), username: '日本' }, tooShort)
      await isInvalid(t, { ...newPerson(), username: 'j'.repeat(51) }, tooLong)
      for (const username of ['joe', 'j'.repeat(50), '日本語', '𠮷'.repeat(50), 'O_Neill.the-2nd']) {
        const { status, body } = await register({ ...newPerson(), username })
        t.equal(status, 201, username)
        t.equal(body.username, username)
      }
    })

    await t.test('a username cannot be mistaken for another one, or for an email', async t => {
      const message = 'a username has letters and digits of one script, and . _ ~ + -'
      for (const username of ['joe doe', 'joe ', 'joe\u200b', 'j\u043ee', 'joe@example.com', '<script>', 'joe\ud800']) {
        await isInvalid(t, { ...newPerson(), username }, ['username', message, 'value_error.str'])
      }
    })

    await t.test('a password has 6 characters or more and at most 1,024 bytes', async t => {
      const tooShort = ['password', 'ensure this value has at least 6 characters', minLength] as const
      const notStorable = ['password', ...unstorable] as const
      await isInvalid(t, { ...newPerson(), password: '' }, tooShort)
      await isInvalid(t, { ...newPerson(), password: '12345' }, tooShort)
      await isInvalid(t, { ...newPerson(), password: '😀😀😀😀😀' }, tooShort)
      await isInvalid(t, { ...newPerson(), password: 'p'.repeat(1025) }, notStorable)
      await isInvalid(t, { ...newPerson(), password: 'ü'.repeat(513) }, notStorable)
      await isInvalid(t, { ...newPerson(), password: 'password\ud800' }, notStorable)
    })

    await t.test('a password counts to its last character', async t => {
      for (const password of ['123456', '😀😀😀😀😀😀', 'p'.repeat(1024), 'ü'.repeat(512), 'null\u0000byte', '  \n\t  ']) {
        const person = { ...newPerson(), password }
        t.equal((await register(person)).status, 201)
        await loggedIn(server.api, person)
        const other = { email: person.email, password: `${[...password].slice(0, -1).join('')}x` }
        t.equal((await post(`${server.api}/api/auth/login`, other)).status, 401)
      }
    })

    await t.test('a field of another type is a 422', async t => {
      for (const wrong of [null, 7, true, ['x'], { x: 'x' }]) {
        for (const field of ['username', 'email', 'password']) {
          await isInvalid(t, { ...newPerson(), [field]: wrong }, [field, 'str type expected', 'type_error.str'])
        }
      }
    })

    await t.test('a body that is no object is a 422 for the body as a whole', async t => {
      const reply = await register([newPerson()])
      hasStatus(t, reply, 422)
      expectKeys(t, reply.body, 'detail')
      t.same(reply.body.detail,
        [{ loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }])
    })
  })
}
