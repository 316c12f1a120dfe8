import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFile(new URL(path, root), 'utf8')

/** The files that a document shows: each in a block below a comment with its path. */
async function shownFiles (document: string): Promise<Map<string, string>> {
  const blocks = (await read(document)).matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)```\n/gs)
  return new Map([...blocks].map(([, path = '', content = '']) => [path, content]))
}

for (const [document, folder] of [
  ['docs/clients.md', 'test/generated-clients/usage/'],
  ['docs/partners.md', 'examples/']
] as const) {
  t.test(`${document} shows the very programs that the tests run, and all of them`, async t => {
    const shown = await shownFiles(document)
    for (const [path, content] of shown) t.equal(content, await read(path), path)

    const programs = await readdir(new URL(folder, root), { recursive: true })
    t.same(
      [...shown.keys()].filter(path => path.startsWith(folder)).sort(),
      programs.filter(path => /\.\w+$/.test(path)).map(path => folder + path).sort())
  })
}
