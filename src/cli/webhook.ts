import { Command, InvalidArgumentError } from 'commander'
import type { Environment } from '../config/environment.js'
import type { AuditEvent } from '../db/audit-events.js'
import { webhookEventTypes, type Webhook } from '../core/webhooks/index.js'
import { uuid } from './arguments.js'
import { operator, reasonOption, type ReasonOptions } from './operator.js'
import { printDone, printOne, printRows, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

interface ChangeOptions extends OutputOptions, ReasonOptions {
  url?: string
  description?: string
  events?: AuditEvent[] | 'all'
  enable?: boolean
}

const shownDeliveries = 100
const eventsHelp = 'kinds of audit records, comma-separated, or all'

/** `keyturn webhook …` */
export function webhookCommand (env: Environment): Command {
  const webhook = new Command('webhook').description('say where events are sent, and look at what became of them')
  const command = (name: string, description: string) =>
    webhook.command(name).argument('<webhook>', 'its id', uuid).description(description).option('--json', 'print JSON')

  webhook.command('add').argument('<url>', 'with https', url).description('add one; its secret is shown once')
    .option('--events <kinds>', eventsHelp, kinds, 'all').option('--description <text>')
    .addOption(reasonOption()).option('--json', 'print JSON')
    .action((address: string, { events = 'all', description = '', ...options }: ChangeOptions) =>
      withCore(env, async ({ webhooks }) => {
        const made = { url: address, eventTypes: typesIn(events), description: description === '' ? null : description }
        const { webhook, secret } = await webhooks.add(made, operator(options))
        printOne({ ...toRow(webhook), secret }, options)
      }))

  webhook.command('list').description('list all').option('--json', 'print JSON')
    .action((options: OutputOptions) => withCore(env, async ({ webhooks }) => {
      printRows((await webhooks.list()).map(toRow), options)
    }))

  command('show', 'show one').action((id: string, options: OutputOptions) => withCore(env, async ({ webhooks }) => {
    printOne(toRow(await webhooks.find(id)), options)
  }))

  command('update', 'change one; what is left out stays')
    .option('--url <url>', 'with https', url).option('--events <kinds>', eventsHelp, kinds)
    .option('--description <text>').option('--enable', 'send again').option('--no-enable', 'send nothing any more')
    .addOption(reasonOption())
    .action((id: string, { url, events, description, enable, ...options }: ChangeOptions) =>
      withCore(env, async ({ webhooks }) => {
        const change = {
          url,
          eventTypes: events === undefined ? undefined : typesIn(events),
          description: description === '' ? null : description,
          isEnabled: enable
        }
        printOne(toRow(await webhooks.change(id, change, operator(options))), options)
      }))

  command('rotate-secret', 'give it a new secret; for a day the one before signs too').addOption(reasonOption())
    .action((id: string, options: OutputOptions & ReasonOptions) => withCore(env, async ({ webhooks }) => {
      const { webhook, secret } = await webhooks.rotateSecret(id, operator(options))
      printOne({ ...toRow(webhook), secret }, options)
    }))

  command('remove', 'remove one, with what was on its way').addOption(reasonOption())
    .action((id: string, options: OutputOptions & ReasonOptions) => withCore(env, async ({ webhooks }) => {
      await webhooks.remove(id, operator(options))
      printDone(`removed ${id}`, { removed: id }, options)
    }))

  command('test', 'have the server send a test event')
    .action((id: string, options: OutputOptions) => withCore(env, async ({ webhooks }) => {
      const eventId = await webhooks.sendTest(id)
      printDone(`the test event ${eventId} is on its way, as soon as a server runs`, { eventId }, options)
    }))

  command('deliveries', 'list what was sent to it, the newest first')
    .action((id: string, options: OutputOptions) => withCore(env, async ({ webhooks }) => {
      const deliveries = await webhooks.deliveries(id, shownDeliveries)
      printRows(deliveries.map(({ eventId, ...delivery }) => ({ id: eventId, ...delivery })), options)
    }))

  command('replay', 'have the server send an event again').argument('<event>', 'the id that `deliveries` shows', uuid)
    .action((id: string, eventId: string, options: OutputOptions) => withCore(env, async ({ webhooks }) => {
      await webhooks.replay(id, eventId)
      printDone(`${eventId} is sent again, as soon as a server runs`, { replayed: eventId }, options)
    }))

  return webhook
}

const typesIn = (events: AuditEvent[] | 'all') => events === 'all' ? null : events

/** Checks a list of kinds. */
function kinds (list: string): AuditEvent[] | 'all' {
  if (list === 'all') return list
  return list.split(',').map(name => {
    const found = webhookEventTypes.find(each => each === name)
    if (found === undefined) throw new InvalidArgumentError(`Kinds are ${webhookEventTypes.join(', ')}.`)
    return found
  })
}

function url (value: string): string {
  if (!URL.canParse(value)) throw new InvalidArgumentError('That is not a URL.')
  return value
}

function toRow ({ disabledAt, eventTypes, ...webhook }: Webhook) {
  return { ...webhook, eventTypes: eventTypes ?? ['all'], enabled: disabledAt === null }
}
