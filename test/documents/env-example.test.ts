import { readFile } from 'node:fs/promises'
import t from 'tap'
import { variables } from '../../src/config/environment.js'
import { loadSettings } from '../../src/config/settings.js'
import { contractNames } from '../../src/contracts/index.js'

/** Its default is the machine's. */
const ofTheMachine = ['PASSWORD_HASH_CONCURRENCY']

const text = await readFile(new URL('../../.env.example', import.meta.url), 'utf8')
const entries = [...text.matchAll(/^# (.+)\n# ([A-Z_]+)=(.*)$/gm)]
  .map(([, description = '', name = '', value = '']) => ({ name, value, description }))

t.test('.env.example has every variable there is, with its default and what it means, and no other', async t => {
  t.same(entries, Object.entries(variables).map(([name, variable]) => ({
    name, value: ofTheMachine.includes(name) ? '' : variable.default ?? '', description: variable.description
  })))
  t.equal(text.match(/^#? ?[A-Z_]+=/gm)?.length, entries.length, 'each once')
})

t.test('.env.example changes nothing, whether its lines are taken as they stand or without the mark', async t => {
  const taken = Object.fromEntries(entries.map(({ name, value }) => [name, value]))
  t.same(loadSettings(taken, contractNames), loadSettings({}, contractNames))
})
