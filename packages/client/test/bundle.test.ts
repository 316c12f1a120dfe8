import { gzipSync } from 'node:zlib'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { bundle } from './support/bundle.js'

const maxBytes = 4096

t.test('the browser build is at most 4 KiB gzipped, needs nothing, and evaluates nothing', async t => {
  const code = await bundle()
  const bytes = gzipSync(code, { level: 9 }).length
  t.ok(bytes <= maxBytes, `${bytes} bytes`)
  t.comment(`${bytes} bytes gzipped`)
  t.notMatch(code, /\beval\b|new Function|\bwindow\b|\bprocess\b|\brequire\b/)
  const { dependencies = {} } = JSON.parse(
    await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { dependencies?: object }
  t.same(dependencies, {})
})
