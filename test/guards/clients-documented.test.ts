import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFile(new URL(path, root), 'utf8')
const usage = 'test/clients/usage/'

/** The files that docs/clients.md shows: each in a block below a comment with its path. */
async function shownFiles (): Promise<Map<string, string>> {
  const blocks = (await read('docs/clients.md')).matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)```\n/gs)
  return new Map([...blocks].map(([, path = '', content = '']) => [path, content]))
}

t.test('docs/clients.md shows the very programs that the tests run', async t => {
  const shown = await shownFiles()
  for (const [path, content] of shown) t.equal(content, await read(path), path)

  const programs = await readdir(new URL(usage, root), { recursive: true })
  t.same(
    [...shown.keys()].filter(path => path.startsWith(usage)).sort(),
    programs.filter(path => path.endsWith('.ts')).map(path => usage + path).sort())
})
