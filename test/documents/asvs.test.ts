import { readFile } from 'node:fs/promises'
import t from 'tap'
import { root } from '../support/documents.js'

const rowsOf = (text: string) => text.split('\n').filter(line => /^\| \d/.test(line)).map(line => line.split(' | '))

/** Each test that a document names as `file`: title, with cells divided by line breaks. */
function namedTests (cell: string): Array<[file: string, title: string]> {
  return cell.replace(/ \|$/, '').split('<br>').flatMap((each): Array<[string, string]> => {
    const [, file, title] = /^`([\w/-]+)`: (.+)$/.exec(each.trim()) ?? []
    return file === undefined || title === undefined ? [] : [[file, title]]
  })
}

async function hasTest (file: string, title: string): Promise<boolean> {
  const source = await readFile(new URL(`test/${file}.test.ts`, root), 'utf8').catch(() => '')
  return source.includes(`t.test('${title.replaceAll("'", "\\'")}'`)
}

t.test('every row of docs/asvs.md names a test that exists, or a document', async t => {
  const [met = ''] = (await readFile(new URL('docs/asvs.md', root), 'utf8')).split('## Not met')
  const rows = rowsOf(met)
  t.ok(rows.length > 20)
  for (const [id, , , shown = ''] of rows) {
    const tests = namedTests(shown)
    t.ok(tests.length > 0 || /\]\([\w./#-]+\)/.test(shown), `${id}: is shown by something`)
    for (const [file, title] of tests) t.ok(await hasTest(file, title), `${id}: ${file}: ${title}`)
  }
})

t.test('every row of the findings in SECURITY.md names a test that exists', async t => {
  const [, section = ''] = (await readFile(new URL('SECURITY.md', root), 'utf8')).split('## What reviews found\n')
  const rows = section.split('\n').filter(line => line.startsWith('| ') && line.includes('`: '))
  t.ok(rows.length > 15)
  for (const row of rows) {
    const tests = namedTests(row.split(' | ')[2] ?? '')
    t.ok(tests.length > 0, row)
    for (const [file, title] of tests) t.ok(await hasTest(file, title), `${file}: ${title}`)
  }
})

t.test('a renamed test is found', async t => {
  t.equal(await hasTest('documents/asvs', 'a renamed test is found'), true)
  t.equal(await hasTest('documents/asvs', 'a renamed test'), false)
  t.equal(await hasTest('documents/none', 'a renamed test is found'), false)
})
