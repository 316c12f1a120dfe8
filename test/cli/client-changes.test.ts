import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import t, { type Test } from 'tap'
import { clientCommand } from '../../src/cli/client.js'
import { clientInfo } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { outcomeOf } from '../support/refusal.js'
import { environmentOf } from '../support/settings.js'

async function setUp (t: Test) {
  const { core, settings } = await buildCore(t, { ownDatabase: true })
  const command = () => clientCommand(environmentOf(settings))
  return { core, command, json: (...args: string[]) => runJson(command(), args) }
}

t.test('client update changes what is named, by id or name', async t => {
  const { core, json } = await setUp(t)
  const made = await json('add', 'SeshTracker', '--scope', 'a,b', '--reason', 'contract signed')
  const { secret: _secret, ...client } = made
  t.same(await json('show', 'SeshTracker'), client)
  t.same(await json('update', 'SeshTracker', '--name', 'Sesh', '--reason', 'renamed'), { ...client, name: 'Sesh' })
  t.same(await json('update', client.id, '--grant', 'introspect', '--no-scope', '--audience', 'https://sesh.example'), {
    ...client, name: 'Sesh', grants: ['introspect'], scope: [], audience: 'https://sesh.example'
  })
  t.match(await json('update', client.id, '--scope', 'c'), { scope: ['c'] })
  const { records } = await core.audit.page({ subject: client.id, limit: 10 })
  const actor = `cli:${userInfo().username}`
  t.match(records.reverse(), [
    { event: 'client_added', actor, details: { reason: 'contract signed' } },
    { event: 'client_changed', actor, details: { reason: 'renamed' } },
    {}, {}
  ])
  await t.rejects(json('show', 'unknown'), { code: 'not_found', message: /keyturn client list/ })
})

t.test('client update replaces the keys of a client that signs', async t => {
  const { json } = await setUp(t)
  const file = join(t.testdir(), 'keys.json')
  const newKeys = () => writeFile(file, JSON.stringify({
    keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })]
  }))
  await newKeys()
  const { id } = await json('add', 'signs', '--keys', file)
  await newKeys()
  t.match(await json('update', id, '--keys', file), { id })
  await t.rejects(json('rotate-secret', id), { code: 'auth_method_differs' })
})

t.test('client rotate-secret shows a new secret; the one before goes on for as long as is said', async t => {
  const { core, command, json } = await setUp(t)
  const { id, secret } = await json('add', 'SeshTracker')
  const works = async (secret: string) =>
    await outcomeOf(core.partners.clients.authenticate({ id, secret }, clientInfo)) === 'granted'
  const second = await json('rotate-secret', 'SeshTracker')
  t.same([await works(secret), await works(second.secret)], [true, true])
  const third = await json('rotate-secret', id, '--overlap', '0s', '--reason', 'leaked')
  t.same([await works(secret), await works(second.secret), await works(third.secret)], [false, false, true])
  await t.rejects(run(command(), ['rotate-secret', id, '--overlap', '31d']), { message: /At most 30d/ })
  await t.rejects(run(command(), ['rotate-secret', id, '--overlap', 'soon']), { code: 'commander.invalidArgument' })
})
