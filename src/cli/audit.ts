import { Command, InvalidArgumentError, Option } from 'commander'
import type { AuditRecord } from '../core/audit/audit-log.js'
import { auditEventKinds, type AuditEvent } from '../db/audit-events.js'
import type { Environment } from '../config/environment.js'
import { accountIdOf, accountReference, count, duration } from './arguments.js'
import { printRows, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

interface AuditOptions extends OutputOptions {
  event?: AuditEvent
  /** Seconds. */
  since: number
  limit: number
}

const day = 86_400
const defaultLimit = 100

/** `keyturn audit`: what happened to accounts, sessions, clients and keys, the newest first. */
export function auditCommand (env: Environment): Command {
  return new Command('audit').description('show what happened to accounts, clients and keys, the newest first')
    .argument('[account]', 'an email, or an id, also of an account that was deleted', accountReference)
    .addOption(new Option('--event <event>', 'only records of this kind').choices(Object.keys(auditEventKinds)))
    .option('--since <duration>', 'how far back, such as 90m, 24h, 30d', past, day)
    .option('--limit <count>', 'records at most', count, defaultLimit)
    .option('--json', 'print JSON')
    .action((account: string | undefined, { event, since, limit, json = false }: AuditOptions) =>
      withCore(env, async core => {
        const accountId = account === undefined ? undefined : await accountIdOf(core, account)
        const earliest = new Date(Date.now() - since * 1000)
        const { records } = await core.audit.page({ accountId, event, since: earliest, limit })
        printRows(records.map(toRow), { json })
      }))
}

function toRow ({ at, event, accountId, sessionId, address, actor, subject, requestId, details }: AuditRecord) {
  const reason = details?.reason ?? null
  return { at, event, accountId, sessionId, address, actor, subject, requestId, reason }
}

function past (value: string): number {
  const seconds = duration(value)
  if (seconds === 0) throw new InvalidArgumentError('That is not a duration such as 24h.')
  return seconds
}
