import { randomUUID } from 'node:crypto'
import bcrypt from '@node-rs/bcrypt'
import t, { type Test } from 'tap'
import type { ExportedAccount } from '../../../src/core/accounts/export.js'
import type { SourceLine } from '../../../src/core/imports/index.js'
import { clientInfo, password } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'

const source = { source: 'users.ndjson', format: 'ndjson', fingerprint: Buffer.from('x') }

async function * linesOf (values: unknown[]): AsyncGenerator<SourceLine> {
  for (const [index, value] of values.entries()) yield { line: index + 1, value }
}

async function setUp (t: Test) {
  const backend = await buildCore(t, { ownDatabase: true })
  const { imports } = backend.core
  const problemsOf = async (id: string) => {
    const found = []
    for await (const { line, problem } of imports.problems(id)) found.push([line, problem])
    return found
  }
  const run = async (values: unknown[], id?: string) => {
    const importId = id ?? await imports.begin(source, clientInfo)
    const { lines, imported, existing, rejected } = await imports.run(importId, linesOf(values), clientInfo)
    return { importId, counts: [lines, imported, existing, rejected], problems: await problemsOf(importId) }
  }
  return { ...backend, imports, run, problemsOf }
}

const line = (more: object = {}) => ({ email: `${randomUUID()}@example.com`, ...more })

t.test('an account comes with what belongs to it, and its owner signs in with the password they have', async t => {
  const { core, sql, run } = await setUp(t)
  const id = randomUUID()
  const given = line({
    id: id.toUpperCase(),
    emailVerified: true,
    name: 'Ada Lovelace',
    username: 'Ada',
    createdAt: '2019-03-01T10:00:00.123Z',
    externalId: 'auth0|1',
    subscription: { status: 'active', plan: 'premium', expiresAt: '2030-01-01T00:00:00Z' },
    passwordHash: await bcrypt.hash(password, 4)
  })
  const { counts, problems } = await run([{ ...given, email: given.email.toUpperCase() }])
  t.same([counts, problems], [[1, 1, 0, 0], []])
  t.match(await core.accounts.find(id), {
    email: given.email,
    emailVerified: true,
    name: 'Ada Lovelace',
    username: 'Ada',
    createdAt: Date.parse('2019-03-01T10:00:00.123Z'),
    subscription: { status: 'active', plan: 'premium', expiresAt: new Date('2030-01-01T00:00:00Z') },
    disabledAt: null
  })
  const hash = async () => String((await sql`SELECT password_hash FROM accounts`)[0]?.password_hash)
  t.match(await hash(), /^\$2b\$04\$/)
  const signIn = (password: string) =>
    outcomeOf(core.signIn.withPassword({ email: given.email, password }, 'partner', clientInfo))
  t.equal(await signIn('not it'), 'invalid_credentials')
  t.match(await hash(), /^\$2b\$04\$/)
  t.equal(await signIn(password), 'granted')
  t.match(await hash(), /^\$argon2id\$/, 'the hash is renewed')
  t.equal(await signIn(password), 'granted')
  const { records } = await core.audit.page({ accountId: id, event: 'account_imported', limit: 2 })
  t.match(records, [{ actor: 'operator' }])
  const taken = core.accounts.register(
    { email: 'x@example.com', username: 'ADA', password, minPasswordLength: 8 }, clientInfo)
  t.equal(await outcomeOf(taken), 'username_taken')
})

t.test('an account without a password, and one that is disabled, admit no sign-in until that is changed', async t => {
  const { core, run } = await setUp(t)
  const [without, disabled] = [line(), line({ disabled: true, passwordHash: await bcrypt.hash(password, 4) })]
  await run([without, disabled])
  for (const { email } of [without, disabled]) {
    const outcome = await outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo))
    t.equal(outcome, 'invalid_credentials')
  }
  await core.accounts.enable(disabled.email, clientInfo)
  const enabled = core.signIn.withPassword({ email: disabled.email, password }, 'partner', clientInfo)
  t.equal(await outcomeOf(enabled), 'granted')
})

t.test('times are read as databases write them', async t => {
  const { core, run } = await setUp(t)
  for (const [createdAt, iso] of [
    ['2024-01-02', '2024-01-02T00:00:00.000Z'],
    ['2024-01-02 03:04:05', '2024-01-02T03:04:05.000Z'],
    ['2024-01-02 03:04:05.678901+00', '2024-01-02T03:04:05.678Z'],
    ['2024-01-02t03:04:05+05:30', '2024-01-01T21:34:05.000Z'],
    ['2024-01-02 03:04:05-0330', '2024-01-02T06:34:05.000Z'],
    ['2024-01-02T03:04:05Z', '2024-01-02T03:04:05.000Z']
  ] as const) {
    const given = line({ createdAt })
    await run([given])
    t.equal(new Date((await core.accounts.findByEmail(given.email))?.createdAt ?? 0).toISOString(), iso, createdAt)
  }
})

t.test('a bad line is reported by its number and why, and stops nothing', async t => {
  const { core, run } = await setUp(t)
  await core.accounts.register(
    { email: 'there@example.com', username: 'there', password, minPasswordLength: 8 }, clientInfo)
  const there = await core.accounts.findByEmail('there@example.com')
  const id = randomUUID()
  const cases: Array<[value: unknown, problem: string | null]> = [
    [line(), null],
    [null, 'not_an_object'],
    ['text', 'not_an_object'],
    [{}, 'member_wrong'],
    [line({ emial: 'x' }), 'member_wrong'],
    [line({ emailVerified: 'yes' }), 'member_wrong'],
    [{ email: 'nobody' }, 'email_invalid'],
    [line({ username: 'a b' }), 'username_invalid'],
    [line({ name: 'a\u0000b' }), 'name_invalid'],
    [line({ externalId: 'a\nb' }), 'name_invalid'],
    [line({ id: '17' }), 'id_invalid'],
    [line({ createdAt: 'yesterday' }), 'time_invalid'],
    [line({ createdAt: '2019-13-01' }), 'time_invalid'],
    [line({ createdAt: '1000-01-01' }), 'time_invalid'],
    [line({ subscription: { status: 'a', plan: 'b', expiresAt: 'never' } }), 'time_invalid'],
    [line({ passwordHash: 'secret' }), 'hash_unknown'],
    [line({ passwordHash: `$2b$31$${'A'.repeat(53)}` }), 'hash_too_costly'],
    [line({ email: 'once@example.com' }), null],
    [line({ email: 'Once@example.com' }), 'email_repeated'],
    [line({ username: 'once' }), null],
    [line({ username: 'ONCE' }), 'username_repeated'],
    [line({ id }), null],
    [line({ id }), 'id_taken'],
    [line({ username: 'There' }), 'username_taken'],
    [line({ id: there?.id }), 'id_taken'],
    [line({ name: '', subscription: null, passwordHash: '', createdAt: null }), null]
  ]
  const { counts, problems } = await run([...cases.map(([value]) => value), { email: 'THERE@example.com' }])
  const expected = cases.flatMap(([, problem], index) => problem === null ? [] : [[index + 1, problem]])
  t.same(problems, expected)
  t.same(counts, [cases.length + 1, cases.length - expected.length, 1, expected.length])
})

t.test('the same file twice changes nothing', async t => {
  const { sql, run } = await setUp(t)
  const values = Array.from({ length: 1500 }, (_, index) => line({ username: `user${index}` }))
  t.same((await run(values)).counts, [1500, 1500, 0, 0])
  const before = await sql`SELECT * FROM accounts ORDER BY id`
  const again = await run(values)
  t.same([again.counts, again.problems], [[1500, 0, 1500, 0], []])
  t.same(await sql`SELECT * FROM accounts ORDER BY id`, before)
  t.equal((await sql`SELECT FROM account_identifiers`).length, 3000)
  t.equal((await sql`SELECT FROM audit_events WHERE event = 'account_imported'`).length, 1500)
})

t.test('an import that was cut off goes on where it was, wherever that is: each line once', async t => {
  const { sql, imports, run, problemsOf } = await setUp(t)
  const values = Array.from({ length: 4200 }, (_, index) => index % 10 === 0 ? null : line())
  const id = await imports.begin(source, clientInfo)
  for (const cutAfter of [500, 1000, 2500, 4000]) {
    async function * cutOff () {
      for await (const each of linesOf(values)) {
        if (each.line > cutAfter) throw new Error('cut off')
        yield each
      }
    }
    await t.rejects(imports.run(id, cutOff(), clientInfo), { message: 'cut off' })
    const { lines } = await imports.find(id)
    t.equal((await sql`SELECT FROM accounts`).length, lines - lines / 10, 'what is counted is there, and nothing else')
    t.match(await imports.unfinished(source), { id, lines })
  }
  t.same((await run(values, id)).counts, [4200, 3780, 0, 420])
  t.equal((await sql`SELECT FROM accounts`).length, 3780)
  t.equal((await problemsOf(id)).length, 420)
  t.equal(await imports.unfinished(source), null)
  t.same((await run(values, id)).counts, [4200, 3780, 0, 420], 'and when it is done it stays done')
  await t.rejects(imports.find(randomUUID()), { code: 'not_found' })
})

t.test('of two processes at one import one goes on', async t => {
  const { sql, imports } = await setUp(t)
  const values = Array.from({ length: 3000 }, () => line())
  const id = await imports.begin(source, clientInfo)
  const outcomes = await Promise.all([1, 2].map(() => outcomeOf(imports.run(id, linesOf(values), clientInfo))))
  t.same(outcomes.toSorted(), ['changed_meanwhile', 'granted'])
  t.equal((await sql`SELECT FROM accounts`).length, 3000)
})

t.test('names that another process takes in the meantime are reported', async t => {
  const { sql, imports, problemsOf } = await setUp(t)
  const values = [line({ username: 'first' }), line({ username: 'second' }), line()]
  await sql`
    CREATE FUNCTION take () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO account_identifiers (kind, value, account_id) VALUES ('username', 'second', gen_random_uuid());
      RETURN NEW;
    END $$`
  await sql`
    CREATE TRIGGER take BEFORE UPDATE ON imports FOR EACH ROW WHEN (OLD.lines = 0 AND NEW.lines > 0)
    EXECUTE FUNCTION take()`
  const id = await imports.begin(source, clientInfo)
  t.match(await imports.run(id, linesOf(values), clientInfo), { lines: 3, imported: 2, rejected: 1 })
  t.same(await problemsOf(id), [[2, 'username_taken']])
  t.equal((await sql`SELECT FROM accounts`).length, 2)
})

t.test('kinds of hashes are bounded, since every attempt to sign in computes one of each', async t => {
  const { run } = await setUp(t)
  const hash = `AAAA$${'A'.repeat(43)}`
  const values = Array.from({ length: 20 }, (_, index) =>
    line({ passwordHash: `$pbkdf2-sha256$i=${index + 1}$${hash}` }))
  const { problems } = await run(values)
  t.same(problems, [17, 18, 19, 20].map(number => [number, 'too_many_kinds_of_hash']))
})

t.test('hashes of every kind are computed for everyone, and no more once their last account is renewed', async t => {
  const { core, sql, run } = await setUp(t)
  const first = line({ passwordHash: await bcrypt.hash(password, 4) })
  const second = line({ passwordHash: await bcrypt.hash(password, 5) })
  await run([first, second])
  t.same(await core.accounts.foreignHashParameters(), ['$2b$04$', '$2b$05$'])
  const { passwordHashKinds: own } = core.metrics()
  const kindsMore = async () => {
    await core.signIn.learnForeignHashes()
    return core.metrics().passwordHashKinds - own
  }
  t.equal(await kindsMore(), 2)
  await core.signIn.withPassword({ email: first.email, password }, 'partner', clientInfo)
  t.same(await core.accounts.foreignHashParameters(), ['$2b$05$'])
  t.equal(await kindsMore(), 1)
  const plan = await sql`
    EXPLAIN SELECT substring(password_hash FROM '^\\$[^$]+\\$(?:v=\\d+\\$)?[^$]+\\$') FROM accounts
    WHERE password_hash NOT LIKE '$argon2id$v=19$m=%,p=1$%'
      AND substring(password_hash FROM '^\\$[^$]+\\$(?:v=\\d+\\$)?[^$]+\\$') > ''
    ORDER BY 1 LIMIT 1`
  t.match(JSON.stringify(plan), /accounts_foreign_hashes/)
})

t.test('a dry run says what would become of each line, and does nothing', async t => {
  const { sql, imports, run } = await setUp(t)
  const there = line()
  await run([there])
  const problems: unknown[] = []
  const counts = await imports.check(linesOf([line(), there, {}]), problem => problems.push(problem))
  t.same(counts, { lines: 3, imported: 1, existing: 1, rejected: 1 })
  t.same(problems, [{ line: 3, problem: 'member_wrong' }])
  t.equal((await sql`SELECT FROM accounts`).length, 1)
})

t.test('what cannot be read now ends the import, and is no problem of a line', async t => {
  const { sql, imports } = await setUp(t)
  const id = await imports.begin(source, clientInfo)
  await sql`ALTER TABLE accounts RENAME TO hidden`
  const values = [line({ passwordHash: await bcrypt.hash(password, 4) })]
  await t.rejects(imports.run(id, linesOf(values), clientInfo), { code: '42P01' })
  await sql`ALTER TABLE hidden RENAME TO accounts`
  t.match(await imports.run(id, linesOf(values), clientInfo), { imported: 1, rejected: 0 })
})

t.test('what became of an import is forgotten after a month', async t => {
  const { sql, imports, run } = await setUp(t)
  const { importId } = await run([{}])
  await imports.cleanUp()
  t.equal((await sql`SELECT FROM import_problems`).length, 1)
  await sql`UPDATE imports SET started_at = now() - interval '31 days'`
  await imports.cleanUp()
  await t.rejects(imports.find(importId), { code: 'not_found' })
  t.equal((await sql`SELECT FROM import_problems`).length, 0)
})

t.test('every account leaves once, in order of the ids', async t => {
  const { core, sql } = await setUp(t)
  for await (const account of core.accounts.all()) t.fail(`there is ${account.id}`)
  await sql`
    INSERT INTO accounts (id, email, password_hash)
    SELECT gen_random_uuid(), n || '@example.com', 'x' FROM generate_series(1, 4001) AS n`
  const found: ExportedAccount[] = []
  for await (const account of core.accounts.all()) found.push(account)
  t.equal(found.length, 4001)
  t.same(found.map(({ id }) => id), found.map(({ id }) => id).toSorted())
})
