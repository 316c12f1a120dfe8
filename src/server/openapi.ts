import { loadSettings } from '../config/settings.js'
import { contractNames, type ContractName } from '../contracts/index.js'
import { unavailable } from '../core/errors.js'
import { createCore } from '../core/index.js'
import { noopNotifier } from '../core/revocations/notifier.js'
import { openDatabase } from '../db/database.js'
import { createLog } from '../log.js'
import { noMail } from '../mail/index.js'
import { openEngine } from '../token-engine.js'
import { createWebhookSender } from '../webhooks/sender.js'
import { buildListener } from './listener.js'
import { createRequestCounts } from './plugins/rate-limit.js'
import { createRequestDurations } from './request-durations.js'

/**
 * The OpenAPI document of one contract, made from its routes; needs no database and no settings. Its server is the one
 * that the default settings start; a served document names the server that it comes from.
 */
export async function describeContract (name: ContractName): Promise<object> {
  const settings = loadSettings({}, contractNames)
  const core = createCore({
    // It connects at the first statement, and none is sent.
    db: openDatabase({ target: { socketFolder: '/' }, poolMax: 1, toUnavailable: unavailable }),
    notifier: noopNotifier,
    openEngine,
    mailTransport: noMail,
    webhookSender: createWebhookSender({ allowsLoopback: false }),
    settings: { ...settings, secrets: { current: 'signs nothing', previous: undefined } },
    now: Date.now,
    onBackgroundError: String
  })
  const listener = await buildListener({
    contracts: [name],
    isLoopback: true,
    requestCounts: createRequestCounts(null),
    requestDurations: createRequestDurations(),
    core,
    settings,
    now: Date.now,
    log: createLog('silent'),
    trustProxy: []
  })
  await listener.ready()
  const document = listener.swagger()
  await listener.close()
  const servers = settings.listen.filter(({ contracts }) => contracts.includes(name))
    .map(({ port }) => ({ url: `http://127.0.0.1:${port}`, description: 'With the default settings' }))
  return { ...document, servers }
}
