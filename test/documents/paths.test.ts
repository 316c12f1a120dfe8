import t from 'tap'
import { commentsOf, linesOf, paths, placeOf, prose, read, readDocuments, type Line } from '../support/documents.js'

const known = new Set(paths)
const names = new Set(paths.map(path => path.slice(path.lastIndexOf('/') + 1)))

/** A path from the root; none is inside a URL, a package or a longer path. */
const path = /(?<![\w/.@:-])(?:bench|bin|deploy|docs|drizzle|examples|openapi|src|test)\/[\w./-]*/g

/** A file that is named without its folder, as in a table or a drawing of the layout. */
const fileName = /(?<![\w/.@-])[\w-]+\.(?:ts|mts|cjs)(?![\w.-])/g

/** Files that the commands of docs/clients.md generate. */
const generated = new Set(['api.ts', 'web.ts'])

/** The paths a line names that are not there. A folder may be named with its slash, and a path may end a sentence. */
function missingPaths ({ text }: Line): string[] {
  return [...text.matchAll(path)].map(([found]) => found.replace(/[./]+$/, ''))
    .filter(found => !known.has(found))
}

function missingNames ({ text }: Line): string[] {
  return [...text.matchAll(fileName)].map(([found]) => found)
    .filter(found => !names.has(found) && !generated.has(found))
}

const found = (lines: Line[], missing: (line: Line) => string[]) =>
  lines.flatMap(line => missing(line).map(name => `${placeOf(line)}: ${name}`))

t.test('every path that a document names exists', async t => {
  const lines = (await readDocuments()).flatMap(linesOf)
  t.ok(lines.some(({ text }) => text.includes('src/core/')), 'there is something to check')
  t.same(found(lines, missingPaths), [])
})

t.test('every file that a document names exists', async t => {
  t.same(found((await readDocuments()).flatMap(prose), missingNames), [])
})

t.test('every path that a comment names exists', async t => {
  const folders = ['', 'bench/', 'bin/', 'examples/', 'src/', 'test/']
  const programs = await read(folders, ['.ts', '.js', '.mjs', '.cjs', '.yml'])
  t.same(found(programs.flatMap(commentsOf), missingPaths), [])
})

t.test('a path that does not exist is found', async t => {
  const line = { path: 'x.md', number: 1, text: '`src/core/absent.ts`, (docs/absent.md) and src/core/index.ts.' }
  t.same(missingPaths(line), ['src/core/absent.ts', 'docs/absent.md'])
  t.same(missingNames({ ...line, text: '`absent.ts` and `sign-in.ts`' }), ['absent.ts'])
})
