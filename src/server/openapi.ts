import postgres from 'postgres'
import { loadConfig } from '../config/environment.js'
import { contractNames, type ContractName } from '../contracts/index.js'
import { noopNotifier } from '../core/revocations/notifier.js'
import { createCore } from '../core/index.js'
import { buildListener } from './listener.js'
import { createLog } from '../log.js'

/** The OpenAPI document of one contract, made from its routes; needs no database and no settings. */
export async function describeContract (name: ContractName): Promise<object> {
  const config = loadConfig({}, contractNames)
  // The driver connects at the first statement, and no statement comes.
  const sql = postgres()
  const settings = { ...config, KEYTURN_SECRET: 'signs nothing' }
  const core = createCore({ sql, notifier: noopNotifier, settings, now: Date.now, onBackgroundError: String })
  const listener = await buildListener({
    contracts: [name], redis: null, core, settings, now: Date.now, log: createLog('silent'), trustProxy: []
  })
  await listener.ready()
  const document = listener.swagger()
  await listener.close()
  return document
}
