import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { webhookCommand } from '../../src/cli/webhook.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { environmentOf } from '../support/settings.js'

async function setUp (t: Test) {
  const { settings } = await buildCore(t, { ownDatabase: true })
  const command = () => webhookCommand(environmentOf(settings))
  return { command, json: (...args: string[]) => runJson(command(), args) }
}

t.test('webhooks by command, from the first to the last', async t => {
  const { command, json } = await setUp(t)
  const made = await json('add', 'https://hooks.example.com/', '--events', 'account_created,account_deleted', '--description', 'CRM')
  t.match(made, {
    secret: /^whsec_/, eventTypes: ['account_created', 'account_deleted'], enabled: true, description: 'CRM'
  })
  const { secret, ...shown } = made
  t.same(await json('list'), [shown])
  t.same(await json('show', made.id), shown)
  t.match(await json('update', made.id, '--events', 'all', '--description', '', '--no-enable', '--url', 'https://example.com/'), {
    eventTypes: ['all'], description: null, enabled: false, url: 'https://example.com/'
  })
  t.match(await json('update', made.id, '--enable', '--reason', 'mended'), { enabled: true })
  t.not((await json('rotate-secret', made.id)).secret, secret)
  const { eventId } = await json('test', made.id)
  t.match(await json('deliveries', made.id), [{ id: eventId, type: 'test', attempts: 0 }])
  t.same(await json('replay', made.id, eventId), { replayed: eventId })
  t.same(await json('remove', made.id), { removed: made.id })
  t.same(await json('list'), [])
  t.match(await json('add', 'https://example.com/'), { eventTypes: ['all'], description: null })
  await t.rejects(run(command(), ['show', randomUUID()]), { code: 'not_found' })
  for (const args of [['add', 'nonsense'], ['show', '17'], ['add', 'https://example.com/', '--events', 'x']]) {
    await t.rejects(run(command(), args), { code: 'commander.invalidArgument' }, args.join(' '))
  }
  await t.rejects(run(command(), ['add', 'https://10.0.0.1/']), { code: 'webhook_refused', message: /private/ })
})
