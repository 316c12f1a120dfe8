import { Readable } from 'node:stream'
import t from 'tap'
import { importFormats, readerOf, type ImportFormat } from '../../../src/core/imports/formats/index.js'
import { maxLineBytes } from '../../../src/core/imports/formats/lines.js'

async function read (format: ImportFormat, text: string | Buffer[], parameters?: string): Promise<unknown[]> {
  const found = []
  const input = typeof text === 'string' ? [Buffer.from(text)] : text
  for await (const line of readerOf(format, parameters)(Readable.from(input))) found.push(line)
  return found
}

t.test('NDJSON is read line by line, whatever the pieces it comes in', async t => {
  const text = Buffer.from('{"email":"é@example.com"}\r\n\n  \nno json\n{"a":1}')
  const expected = [
    { line: 1, value: { email: 'é@example.com' } }, { line: 4, problem: 'not_json' }, { line: 5, value: { a: 1 } }
  ]
  for (const size of [1, 2, 7, text.length]) {
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.subarray(index * size, (index + 1) * size))
    t.same(await read('ndjson', pieces), expected, `in pieces of ${size} bytes`)
  }
  t.same(await read('ndjson', ''), [])
})

t.test('a line that is too long is reported, and the next one read', async t => {
  const long = Buffer.alloc(maxLineBytes, 'x')
  const text = [long, Buffer.from('x\n{"a":1}\n'), long, long]
  t.same(await read('ndjson', text), [
    { line: 1, problem: 'line_too_long' }, { line: 2, value: { a: 1 } }, { line: 3, problem: 'line_too_long' }
  ])
})

t.test('CSV has the members of a line as its columns', async t => {
  const text = '\uFEFFemail,emailVerified,name,subscriptionStatus,subscriptionPlan,subscriptionExpiresAt,disabled\n' +
    'a@example.com,true,"Lovelace, ""Ada""",active,premium,2030-01-01T00:00:00Z,\n\n' +
    'b@example.com,f,,,,,yes\nc@example.com,1,,past_due,basic,,no\n'
  t.same(await read('csv', text), [
    {
      line: 2,
      value: {
        email: 'a@example.com',
        emailVerified: true,
        disabled: false,
        name: 'Lovelace, "Ada"',
        subscription: { status: 'active', plan: 'premium', expiresAt: '2030-01-01T00:00:00Z' }
      }
    },
    { line: 4, value: { email: 'b@example.com', emailVerified: false, disabled: true } },
    {
      line: 5,
      value: {
        email: 'c@example.com',
        emailVerified: true,
        disabled: false,
        subscription: { status: 'past_due', plan: 'basic', expiresAt: null }
      }
    }
  ])
  await t.rejects(read('csv', 'email\n"never ends'), { message: /[Qq]uote/ })
})

t.test('Better Auth\'s tables', async t => {
  t.match(await read('better-auth',
    'id,name,email,emailVerified,createdAt,username,password,banned\n' +
    'x1,Ada,ada@example.com,t,2024-01-02 03:04:05.678,ada,0a:ff,f\nx2,,b@example.com,f,,,,t\n'), [
    {
      value: {
        externalId: 'x1',
        email: 'ada@example.com',
        emailVerified: true,
        name: 'Ada',
        username: 'ada',
        createdAt: '2024-01-02 03:04:05.678',
        passwordHash: '0a:ff',
        disabled: false
      }
    },
    { value: { externalId: 'x2', name: null, createdAt: null, passwordHash: null, disabled: true } }
  ])
  t.match(await read('better-auth', 'name\nAda\n'), [{ value: { email: '', externalId: null } }])
})

t.test('Supabase\'s table of users keeps the ids', async t => {
  const id = '550e8400-e29b-41d4-a716-446655440000'
  const names = 'id,email,encrypted_password,email_confirmed_at,created_at,name,banned_until\n'
  t.match(await read('supabase', names +
    `${id},a@example.com,$2a$10$x,2024-01-02 03:04:05+00,2024-01-01 00:00:00+00,Ada,2999-01-01 00:00:00+00\n` +
    `${id},b@example.com,,,,,2000-01-01 00:00:00+00\n`), [
    {
      value: {
        id,
        externalId: id,
        email: 'a@example.com',
        emailVerified: true,
        createdAt: '2024-01-01 00:00:00+00',
        name: 'Ada',
        passwordHash: '$2a$10$x',
        disabled: true
      }
    },
    { value: { emailVerified: false, passwordHash: null, name: null, disabled: false } }
  ])
  t.match(await read('supabase', 'name\nAda\n'), [{ value: { email: '', id: null } }])
})

t.test('Django\'s table of users', async t => {
  const names = 'id,password,username,first_name,last_name,email,is_active,date_joined\n'
  t.match(await read('django', names +
    '1,pbkdf2_sha256$1$a$b,ada,Ada,Lovelace,ada@example.com,t,2024-01-02 03:04:05+00\n' +
    '2,!unusable,b@example.com,,,b@example.com,f,\n3,,,,,c@example.com,,\n'), [
    {
      value: {
        externalId: '1',
        email: 'ada@example.com',
        name: 'Ada Lovelace',
        username: 'ada',
        passwordHash: 'pbkdf2_sha256$1$a$b',
        disabled: false
      }
    },
    { value: { username: null, name: '', passwordHash: null, disabled: true } },
    { value: { username: null, passwordHash: null, disabled: false } }
  ])
  t.match(await read('django', 'username\nAda\n'), [{ value: { email: '', externalId: null } }])
})

t.test('Auth0\'s users with their hashes', async t => {
  const lines = [
    {
      _id: { $oid: '60425dc43519d90068f82973' },
      email: 'ada@example.com',
      email_verified: true,
      name: 'ada@example.com',
      passwordHash: '$2b$10$x',
      created_at: { $date: '2024-01-02T03:04:05.678Z' }
    },
    {
      user_id: 'auth0|2',
      email: 'b@example.com',
      name: 'Bob',
      username: 'bob',
      password_hash: '$2b$10$y',
      blocked: true
    },
    { _id: '3', email: 'c@example.com', created_at: '2024-01-02T03:04:05.678Z' },
    { email: 'd@example.com' }
  ]
  t.match(await read('auth0', `${lines.map(line => JSON.stringify(line)).join('\n')}\n[]\n5\n{`), [
    {
      value: {
        externalId: '60425dc43519d90068f82973',
        email: 'ada@example.com',
        emailVerified: true,
        name: null,
        passwordHash: '$2b$10$x',
        createdAt: '2024-01-02T03:04:05.678Z',
        disabled: false
      }
    },
    { value: { externalId: 'auth0|2', name: 'Bob', username: 'bob', passwordHash: '$2b$10$y', disabled: true } },
    { value: { externalId: '3', createdAt: '2024-01-02T03:04:05.678Z', passwordHash: null } },
    { value: { externalId: null } },
    { line: 5, value: [] },
    { line: 6, value: 5 },
    { line: 7, problem: 'not_json' }
  ])
})

const shownByConsole = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: a-b_Ki0RYycVU8zykbdLGg==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`

t.test('Firebase\'s export, with the parameters of its project', async t => {
  const user = (fields: Record<number, string>) =>
    Array.from({ length: 29 }, (_, index) => fields[index] ?? '').join(',')
  const ada = { 0: 'u1', 1: 'ada@example.com', 2: 'true', 3: 'a-_=', 4: 'c-_=', 5: 'Ada', 23: '1704164645678' }
  const text = `${user(ada)}\n` +
    `${user({ 0: 'u2', 1: 'b@example.com', 23: 'x', 26: 'true' })}\n${user({ 5: 'no email' })}\n`
  const json = JSON.stringify({
    base64_signer_key: 'a+b/Ki0RYycVU8zykbdLGg==', base64_salt_separator: 'Bw==', rounds: 8, mem_cost: 14
  })
  for (const parameters of [shownByConsole, json]) {
    t.match(await read('firebase', text, parameters), [
      {
        line: 1,
        value: {
          externalId: 'u1',
          email: 'ada@example.com',
          emailVerified: true,
          name: 'Ada',
          createdAt: '2024-01-02T03:04:05.678Z',
          passwordHash: '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=a+b/Ki0RYycVU8zykbdLGg==$c+/=$a+/=',
          disabled: false
        }
      },
      { value: { externalId: 'u2', createdAt: 'x', passwordHash: null, name: null, disabled: true } },
      { value: { externalId: null, email: '', createdAt: null } }
    ])
  }
  t.throws(() => readerOf('firebase'), { message: /--firebase-parameters/ })
  t.throws(() => readerOf('firebase', 'rounds: 8'), { message: /lack base64_signer_key/ })
  t.same(importFormats.length, 7)
})
