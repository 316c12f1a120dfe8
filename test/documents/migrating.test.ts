import { createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { hashPassword } from 'better-auth/crypto'
import postgres from 'postgres'
import t from 'tap'
import { accountCommand } from '../../src/cli/account.js'
import { importProblems } from '../../src/core/imports/import-line.js'
import { clientInfo } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run } from '../support/command-line.js'
import { foreignHashes, sampleBy } from '../support/foreign-hashes.js'
import { outcomeOf } from '../support/refusal.js'
import { environmentOf } from '../support/settings.js'

/*
 * docs/migrating.md, section by section: its query reads a table as the other system has it, its command imports the
 * file, and the person signs in with the password they have.
 */

const guide = await readFile(new URL('../../docs/migrating.md', import.meta.url), 'utf8')

/** The query and the arguments of the command in a section. */
function sectionOf (heading: string): { query: string | undefined, args: string[] } {
  const section = guide.split(/^## /m).find(part => part.startsWith(`${heading}\n`)) ?? ''
  const [, query] = /```sql\n(.*?)```/s.exec(section) ?? []
  const [, command = ''] = /^keyturn account (import .*)$/m.exec(section) ?? []
  return { query, args: command.split(' ') }
}

interface Case {
  heading: string
  password: string
  /** Makes the tables as the other system has them. */
  tables?: (hash: string) => string
  /** What the other system writes, where that is no query. */
  files?: (hash: string) => Record<string, string>
  hash: string
  /** What is known of the first account. */
  account: object
}

const { firebase } = foreignHashes
const uuid = '550e8400-e29b-41d4-a716-446655440000'

const cases: Case[] = [
  {
    heading: 'Better Auth',
    password: 'correct horse',
    hash: await hashPassword('correct horse'),
    tables: hash => `
      CREATE TABLE "user" (id text, name text, email text, "emailVerified" boolean, image text,
        "createdAt" timestamp, "updatedAt" timestamp);
      CREATE TABLE account (id text, "accountId" text, "providerId" text, "userId" text, password text);
      INSERT INTO "user" VALUES ('u1', 'Ada', 'ada@example.com', true, NULL, '2024-01-02 03:04:05', now()),
        ('u2', 'Bob', 'bob@example.com', false, NULL, '2024-01-02 03:04:05', now());
      INSERT INTO account VALUES ('a1', 'u1', 'credential', 'u1', '${hash}'), ('a2', '7', 'google', 'u2', NULL);`,
    account: { name: 'Ada', emailVerified: true, createdAt: Date.parse('2024-01-02T03:04:05Z') }
  },
  {
    heading: 'Supabase',
    ...sampleBy('golang.org/x/crypto/bcrypt'),
    tables: hash => `
      CREATE SCHEMA auth;
      CREATE TABLE auth.users (id uuid, email text, encrypted_password text, email_confirmed_at timestamptz,
        created_at timestamptz, banned_until timestamptz, deleted_at timestamptz, raw_user_meta_data jsonb);
      INSERT INTO auth.users VALUES
        ('${uuid}', 'ada@example.com', '${hash}', now(), '2024-01-02 03:04:05+00', NULL, NULL, '{"name":"Ada"}'),
        (gen_random_uuid(), 'gone@example.com', '', NULL, now(), NULL, now(), '{}'),
        (gen_random_uuid(), 'bob@example.com', '', NULL, now(), NULL, NULL, NULL);`,
    account: { id: uuid, name: 'Ada', emailVerified: true, createdAt: Date.parse('2024-01-02T03:04:05Z') }
  },
  {
    heading: 'Firebase',
    password: firebase.password,
    hash: firebase.hash,
    files: hash => ({
      'users.csv': `u1,ada@example.com,true,${hash},${firebase.salt},Ada,,,,,,,,,,,,,,,,,,1704164645000,,,,\n` +
        'u2,bob@example.com,false,,,,,,,,,,,,,,,,,,,,,1704164645000,,,,\n',
      'parameters.txt': firebase.parameters
    }),
    account: { name: 'Ada', emailVerified: true, createdAt: Date.parse('2024-01-02T03:04:05Z') }
  },
  {
    heading: 'Auth0',
    ...sampleBy('bcrypt (Python)'),
    files: hash => ({
      'users.ndjson': `${JSON.stringify({
        _id: { $oid: '60425dc43519d90068f82973' }, email: 'ada@example.com', email_verified: true, passwordHash: hash
      })}\n${JSON.stringify({ _id: { $oid: '60425dc43519d90068f82974' }, email: 'bob@example.com' })}\n`
    }),
    account: { emailVerified: true }
  },
  {
    heading: 'Django',
    ...sampleBy('Django pbkdf2_sha256'),
    tables: hash => `
      CREATE TABLE auth_user (id int, password varchar(128), last_login timestamptz, is_superuser boolean,
        username varchar(150), first_name varchar(150), last_name varchar(150), email varchar(254),
        is_staff boolean, is_active boolean, date_joined timestamptz);
      INSERT INTO auth_user VALUES
        (1, '${hash}', NULL, false, 'ada', 'Ada', 'Lovelace', 'ada@example.com', false, true, '2024-01-02 03:04:05+00'),
        (2, '!x', NULL, false, 'bob', '', '', 'bob@example.com', false, true, now()),
        (3, '!x', NULL, false, 'nobody', '', '', '', false, true, now());`,
    account: { name: 'Ada Lovelace', username: 'ada', createdAt: Date.parse('2024-01-02T03:04:05Z') }
  },
  {
    heading: 'FastAPI with passlib, and others',
    ...sampleBy('passlib pbkdf2_sha256'),
    tables: hash => `
      CREATE TABLE users (id int, email text, full_name text, hashed_password text, is_active boolean,
        created_at timestamptz);
      INSERT INTO users VALUES (1, 'ada@example.com', 'Ada', '${hash}', true, '2024-01-02 03:04:05+00'),
        (2, 'bob@example.com', NULL, NULL, false, now());`,
    account: { name: 'Ada', createdAt: Date.parse('2024-01-02T03:04:05Z') }
  }
]

for (const { heading, password, hash, tables, files, account } of cases) {
  t.test(`from ${heading}: the accounts come with their passwords`, async t => {
    const { core, sql, settings } = await buildCore(t, { ownDatabase: true })
    const folder = t.testdir()
    const { query, args } = sectionOf(heading)
    if (tables !== undefined) {
      const old = postgres(settings.database.url ?? '', { max: 1, onnotice: () => {} })
      await old.unsafe(`CREATE SCHEMA old; SET search_path TO old; ${tables(hash)}`).simple()
      const table = await old.unsafe(`COPY (${query}) TO STDOUT CSV HEADER`).readable()
      await pipeline(table, createWriteStream(join(folder, 'users.csv')))
      await old.end()
    }
    for (const [name, text] of Object.entries(files?.(hash) ?? {})) await writeFile(join(folder, name), text)
    const inFolder = args.map(arg => /\.(?:csv|ndjson|txt)$/.test(arg) ? join(folder, arg) : arg)
    const { stdout } = await run(accountCommand(environmentOf(settings)), [...inFolder, '--json'])
    t.match(JSON.parse(stdout), { lines: 2, imported: 2, rejected: 0 })
    t.match(await core.accounts.findByEmail('ada@example.com'), account)
    const signIn = (password: string) =>
      outcomeOf(core.signIn.withPassword({ email: 'ada@example.com', password }, 'partner', clientInfo))
    t.equal(await signIn(`${password}!`), 'invalid_credentials')
    t.equal(await signIn(password), 'granted')
    t.match(await sql`SELECT password_hash FROM public.accounts WHERE email = 'ada@example.com'`, [
      { password_hash: /^\$argon2id/ }
    ], 'and the hash is renewed')
  })
}

t.test('the guide names every word of a report', async t => {
  for (const problem of importProblems) t.match(guide, `\`${problem}\``)
})
