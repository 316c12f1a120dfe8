import t from 'tap'
import { commentsOf, linesOf, placeOf, prose, read, readDocuments, type Line } from '../support/documents.js'

/** What an RFC, OWASP, Postgres or Fastify has a word for, or plain English says without a person (CONTRIBUTING.md). */
const avoided: Record<string, RegExp> = {
  'sent, returned, notified': /\b(?:told|heard|hears)\b/i,
  'notifier, notified': /\b(?:doorbells?|rings?|rung)\b/i,
  again: /\banew\b/i,
  'a client, a process, a user': /\b(?:whoever|somebody|nobody)\b/i,
  "the contract's name": /\bseeds?\b/i,
  'is valid, lifetime': /\blives\b/i,
  'receives, reads': /\blearns?\b/i,
  'classifies, compares': /\bjudge[sd]?\b/i
}

function wrong ({ text }: Line): string[] {
  return Object.entries(avoided).flatMap(([instead, word]) => {
    const [found] = word.exec(text) ?? []
    return found === undefined ? [] : [`"${found}", rather: ${instead}`]
  })
}

const found = (lines: Line[]) => lines.flatMap(line => wrong(line).map(what => `${placeOf(line)}: ${what}`))

t.test('documents use the words of the field', async t => {
  t.same(found((await readDocuments()).flatMap(prose)), [])
})

t.test('comments use the words of the field', async t => {
  const programs = await read(['', 'bin/', 'examples/', 'src/'], ['.ts', '.js', '.mjs', '.cjs', '.conf', '.yml'])
  t.same(found(programs.flatMap(commentsOf)), [])
})

t.test('OpenAPI documents use the words of the field', async t => {
  const texts = (await read(['openapi/'], ['.json'])).flatMap(linesOf)
    .filter(({ text }) => /"(?:description|summary|title)":/.test(text))
  t.ok(texts.length > 100, 'there is something to check')
  t.same(found(texts), [])
})

t.test('titles of tests use the words of the field', async t => {
  const titles = (await read(['test/'], ['.ts'])).flatMap(linesOf).filter(({ text }) => /\bt\.test\(/.test(text))
  t.ok(titles.length > 100, 'there is something to check')
  t.same(found(titles), [])
})

t.test('a contract is called by its name, also in code and in tests', async t => {
  const code = (await read(['src/', 'test/'], ['.ts'])).filter(({ path }) => path !== 'test/documents/words.test.ts')
  // fast-check names an option so.
  const lines = code.flatMap(linesOf).filter(({ text }) => !text.includes('fc.sample('))
  t.same(lines.filter(({ text }) => /\bseeds?\b/i.test(text)).map(placeOf), [])
})

t.test('an avoided word is found', async t => {
  const line = { path: 'x.md', number: 1, text: 'Whoever is told of it rings anew' }
  t.equal(wrong(line).length, 4)
  t.same(wrong({ ...line, text: 'The keyring lists what a seedling foretold' }), [])
})
