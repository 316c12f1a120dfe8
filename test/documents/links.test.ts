import { posix } from 'node:path'
import t from 'tap'
import { paths, placeOf, prose, readDocuments, type File, type Line } from '../support/documents.js'

const known = new Set(paths)
const documents = new Map((await readDocuments()).map(document => [document.path, document]))

/** An inline link; its text may continue on the next line. */
const link = /\]\(([^)\s]+)\)/g

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf (document: File): Set<string> {
  return new Set(prose(document).filter(({ text }) => /^#+ /.test(text)).map(({ text }) =>
    text.replace(/^#+ /, '').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')))
}

const anchors = new Map([...documents].map(([path, document]) => [path, anchorsOf(document)]))

/** What is wrong with the links of a line. */
function broken ({ path, text }: Line): string[] {
  return [...text.matchAll(link)].map(([, target = '']) => target).filter(target => !/^[a-z]+:/.test(target))
    .filter(target => {
      const [file = '', anchor] = target.split('#')
      const linked = file === '' ? path : posix.join(posix.dirname(path), file).replace(/\/$/, '')
      return !known.has(linked) || (anchor !== undefined && anchors.get(linked)?.has(anchor) !== true)
    })
}

t.test('every relative link and anchor of a document resolves', async t => {
  const lines = [...documents.values()].flatMap(prose)
  t.ok(lines.some(({ text }) => text.includes('.md#')), 'there is something to check')
  t.same(lines.flatMap(line => broken(line).map(target => `${placeOf(line)}: ${target}`)), [])
})

t.test('a broken link is found', async t => {
  const line = { path: 'docs/design.md', number: 1, text: '[a](absent.md) [b](#absent) [c](refresh.md#absent)' }
  t.same(broken(line), ['absent.md', '#absent', 'refresh.md#absent'])
  t.same(broken({ ...line, text: '[a](#glossary) [b](../README.md#configuration) [c](https://example.com/x)' }), [])
})
