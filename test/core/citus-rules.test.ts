import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'

/*
 * SQL that one Postgres takes and a distributed one refuses (ADR 0018). This finds it without a cluster, in the text of
 * each source; that the rest is taken, the tests show that run on one (TEST_CITUS_URL).
 */

/** Statements about tables of one server only. */
const ofOneServer = new Set(['sign-in/login-throttle-statements.ts', 'mail/mail-limits.ts'])

/** Of what is written in a source between backticks, the SQL. */
function statementsIn (source: string): string[] {
  return [...source.matchAll(/`([^`]*)`/g)].map(([, text = '']) => text)
    .filter(text => /\b(SELECT|INSERT|UPDATE|DELETE|RETURNING|CASE)\b/.test(text))
}

const rules: ReadonlyArray<readonly [name: string, forbidden: RegExp]> = [
  ['a volatile function', /\b(clock_timestamp|random|gen_random_uuid|timeofday)\s*\(/],
  ['a function of time in RETURNING', /\bRETURNING\b[^]*\b(now|statement_timestamp)\s*\(/],
  ['a function of time in CASE or coalesce', /\b(CASE\b(?:(?!\bEND\b)[^])*|coalesce\s*\([^)]*)\bnow\s*\(/],
  ['arithmetic with an interval on a column', /\b\w+\.(\w+_)?at\s*[+-]\s*(make_interval|interval)\b/],
  ['arithmetic with an interval in an UPDATE', /\bUPDATE\b[^]*\btimestamptz 'epoch'\s*\+/],
  ['a part of a time in an UPDATE', /\bUPDATE\b[^]*\b(date_trunc|date_part)\s*\(/],
  ['an UPDATE without an alias', /\bUPDATE (?!SET\b)\w+ SET\b/],
  ['an INSERT … SELECT without an alias', /\bINSERT INTO \w+\s*\([^)]*\)\s*SELECT\b/],
  ['a CASE of a value, of which the copies lose the type', /\bCASE (?!WHEN\b)[\w.()]+\s+WHEN\b/]
]

const allowed: ReadonlyArray<readonly [path: string, part: string, why: string]> = [
  ['tasks/tasks.ts', 'INSERT INTO tasks', 'its columns are qualified by the only table'],
  ['security-events/event-statements.ts', 'INSERT INTO event_acknowledgements', 'a table that each server has']
]

const root = new URL('../../src/core/', import.meta.url)
const paths = (await readdir(root, { recursive: true })).filter(path => path.endsWith('.ts') && !ofOneServer.has(path))
const sources = await Promise.all(paths.map(async path =>
  ({ path, text: await readFile(new URL(path, root), 'utf8') })))

function faults (path: string, source: string): string[] {
  return statementsIn(source).flatMap(statement => {
    if (allowed.some(([file, part]) => file === path && statement.includes(part))) return []
    return rules.filter(([, forbidden]) => forbidden.test(statement)).map(([name]) => `${path}: ${name}`)
  })
}

t.test('no statement has what a distributed Postgres refuses', async t => {
  t.ok(sources.flatMap(({ text }) => statementsIn(text)).length > 60)
  t.same(sources.flatMap(({ path, text }) => faults(path, text)), [])
})

const refused: Record<string, string> = {
  'a volatile function': 'UPDATE sessions AS session SET ended_at = clock_timestamp()',
  'a function of time in RETURNING': 'DELETE FROM sessions RETURNING extract(epoch FROM expires_at - now())',
  'a function of time in CASE or coalesce': 'SELECT CASE WHEN rotated_at > now() THEN 1 END',
  'arithmetic with an interval on a column': 'SELECT WHERE session.created_at + make_interval(secs => 1) > now()',
  'arithmetic with an interval in an UPDATE':
    'UPDATE clients AS client SET events_from = timestamptz \'epoch\' + next.us * interval \'1 us\' FROM next',
  'a part of a time in an UPDATE':
    'UPDATE accounts AS account SET epoch = 1 WHERE date_trunc(\'milliseconds\', account.updated_at) = now()',
  'an UPDATE without an alias': 'UPDATE sessions SET ended_at = now()',
  'an INSERT … SELECT without an alias': 'INSERT INTO sessions (id) SELECT id FROM account',
  'a CASE of a value, of which the copies lose the type': 'SELECT CASE family(address) WHEN 4 THEN 24 END'
}

t.test('each rule finds what it forbids', async t => {
  t.same(Object.keys(refused), rules.map(([name]) => name))
  for (const [name, statement] of Object.entries(refused)) {
    t.ok(faults('x.ts', `sql\`${statement}\``).includes(`x.ts: ${name}`), name)
  }
})
