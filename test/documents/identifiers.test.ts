import t from 'tap'
import { placeOf, prose, read, type Line } from '../support/documents.js'

/** What looks like code: camelCase, SETTING_NAMES, columns and codes. */
const shapes = [/^[a-z]+[a-z0-9]*(?:[A-Z][A-Za-z0-9]*)+$/, /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/, /^[a-z]+(?:_[a-z0-9]+)+$/]

/** Words of other programs and specifications. */
const foreign = new Set([
  // Postgres, its statistics, its tools, and Citus.
  'autovacuum_vacuum_cost_limit', 'n_tup_hot_upd', 'n_tup_upd', 'pg_dump', 'shared_preload_libraries', 'wal_level',
  'rebalance_table_shards', 'citus_drain_node', 'citus_remove_node', 'citus_create_restore_point', 'citus_update_node',
  // A variable of the tests.
  'TEST_CITUS_URL',
  // PgBouncer.
  'max_prepared_statements',
  // express-oauth2-jwt-bearer and Envoy.
  'issuerBaseURL', 'ext_authz',
  // Node.js.
  'NODE_EXTRA_CA_CERTS',
  // A variable of docker-compose.yml, and the role of an example in docs/operations.md.
  'POSTGRES_PASSWORD', 'keyturn_app'
])

/** The first names things as they were; errors-documented.test.ts holds the second against the code, word by word. */
const exempt = new Set(['CHANGELOG.md', 'docs/errors.md'])

/** Comments may be as old as the document: only what the compiler and Postgres read counts. */
const withoutComments = (text: string) => text.replace(/\/\*.*?\*\//gs, '').replace(/(^|\s)\/\/ .*$/gm, '')

async function wordsOfTheCode (): Promise<Set<string>> {
  const folders = ['bin/', 'examples/', 'packages/', 'src/', 'test/generated-clients/usage/', 'test/support/']
  const programs = await read(folders, ['.ts', '.cjs', '.mjs', '.conf'])
  // The newest snapshot has the tables, columns and indexes as they are; the migrations have also what they were.
  const [snapshot] = (await read(['drizzle/meta/'], ['.json'])).filter(({ path }) => path.endsWith('_snapshot.json'))
    .sort((a, b) => b.path.localeCompare(a.path))
  const openapi = await read(['openapi/'], ['.json'])
  const texts = [...programs, ...openapi].map(({ text }) => withoutComments(text))
  return new Set([...texts, snapshot?.text ?? ''].join('\n').match(/\w+/g))
}

const words = await wordsOfTheCode()
const lines = (await read(['', 'docs/', 'src/core/'], ['.md'])).filter(({ path }) => !exempt.has(path)).flatMap(prose)

/** What a line names between backticks. */
function identifiers ({ text }: Line): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.match(/\w+/g) ?? [])
    .filter(word => shapes.some(shape => shape.test(word)))
}

/** The same, of what is not there. */
const unknown = (line: Line) => identifiers(line).filter(word => !words.has(word) && !foreign.has(word))

t.test('every identifier that a document names between backticks exists in the code', async t => {
  t.ok(lines.length > 500, 'there is something to check')
  t.same(lines.flatMap(line => unknown(line).map(name => `${placeOf(line)}: ${name}`)), [])
})

t.test('an identifier that does not exist is found', async t => {
  const line = { path: 'x.md', number: 1, text: '`longestUnheard`, `told_events`, `LOGIN_MAX`, `rotate(sql)` and maxX' }
  t.same(unknown(line), ['longestUnheard', 'told_events', 'LOGIN_MAX'])
  t.same(unknown({ ...line, text: '`audit_events.session_id`, `DATABASE_URL`, `signingKeys`' }), [])
})

t.test('the words of other programs are needed, each of them', async t => {
  const named = new Set(lines.flatMap(identifiers))
  t.same([...foreign].filter(word => words.has(word) || !named.has(word)), [])
})
