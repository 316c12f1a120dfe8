import { readFile } from 'node:fs/promises'
import t from 'tap'
import { root } from '../support/documents.js'

const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as
  Record<'dependencies' | 'devDependencies', Record<string, string>>
const text = await readFile(new URL('docs/dependencies.md', root), 'utf8')

/** The packages of a section's table, in its order. */
const packagesOf = (section: string) =>
  [...text.split(`## ${section}\n`)[1]?.split('\n## ')[0]?.matchAll(/^\| `(.+?)` \|/gm) ?? []].map(([, name]) => name)

for (const [section, kind] of [['At run time', 'dependencies'], ['For development', 'devDependencies']] as const) {
  t.test(`docs/dependencies.md says of every one of the ${kind} why it is there, and of no other`, async t => {
    t.same(packagesOf(section).sort(), Object.keys(manifest[kind]).sort())
  })
}
