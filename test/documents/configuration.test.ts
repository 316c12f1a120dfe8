import { readFile } from 'node:fs/promises'
import t from 'tap'
import { variables } from '../../src/config/environment.js'
import { root } from '../support/documents.js'

/** Its default is the machine's. */
const ofTheMachine = new Map([['PASSWORD_HASH_CONCURRENCY', 'number of cores']])

t.test("the README's table has every variable, with its default and its meaning, and no other", async t => {
  const [, section = ''] = (await readFile(new URL('README.md', root), 'utf8')).split('## Configuration\n')
  const rows = [...section.matchAll(/^\| `([A-Z_]+)` \| (.*?) ?\| (.+) \|$/gm)]
    .map(([, name, value = '', description]) => [name, value.replaceAll('`', ''), description])
  t.same(rows, Object.entries(variables).map(([name, schema]) =>
    [name, ofTheMachine.get(name) ?? String((schema as { default?: string }).default ?? ''), schema.description]))
})
