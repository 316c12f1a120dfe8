import { readdir } from 'node:fs/promises'
import { sep } from 'node:path'
import t from 'tap'

const sources = new URL('../../src/', import.meta.url)

/** Coverage does not know of a file that no test imports. The command line itself runs when it is imported. */
const notImported = ['main.ts']

t.test('every source file is imported, so that coverage sees it', async t => {
  const files = (await readdir(sources, { recursive: true }))
    .filter(path => path.endsWith('.ts') && !path.endsWith('.d.ts') && !notImported.includes(path))
  t.ok(files.length > 60)
  for (const path of files) {
    const url = new URL(path.split(sep).join('/').replace(/\.ts$/, '.js'), sources)
    t.ok(await import(url.href), path)
  }
})
