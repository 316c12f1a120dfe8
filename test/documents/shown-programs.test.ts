import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFile(new URL(path, root), 'utf8')

/** The files that a document shows: each in a block below a comment with its path. */
async function shownFiles (document: string): Promise<Map<string, string>> {
  const blocks = (await read(document)).matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)```\n/gs)
  return new Map([...blocks].map(([, path = '', content = '']) => [path, content]))
}

const documents = {
  'test/generated-clients/usage/': ['docs/clients.md'],
  'examples/': ['docs/partners.md', 'docs/account.md']
}

for (const [folder, paths] of Object.entries(documents)) {
  t.test(`${paths.join(' and ')} show the very programs in ${folder} that the tests run, and all of them`, async t => {
    const shown = new Map((await Promise.all(paths.map(shownFiles))).flatMap(files => [...files]))
    for (const [path, content] of shown) t.equal(content, await read(path), path)

    const programs = await readdir(new URL(folder, root), { recursive: true })
    t.same(
      [...shown.keys()].filter(path => path.startsWith(folder)).sort(),
      programs.filter(path => /\.\w+$/.test(path)).map(path => folder + path).sort())
  })
}
