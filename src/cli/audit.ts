import { Command, InvalidArgumentError, Option } from 'commander'
import type { AuditRecord } from '../core/audit/audit-log.js'
import { auditEventKinds, type AuditEvent } from '../db/audit-events.js'
import type { Environment } from '../config/environment.js'
import { accountIdOf, accountReference, count, duration, time } from './arguments.js'
import { print, printable, printRows, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

interface AuditOptions extends OutputOptions {
  event?: AuditEvent
  actor?: string
  client?: string
  /** Seconds. */
  since: number
  from?: Date
  to?: Date
  limit: number
  follow?: boolean
}

const day = 86_400
const defaultLimit = 100

/** `keyturn audit`: what happened to accounts, sessions, clients and keys, the newest first. */
export function auditCommand (env: Environment): Command {
  return new Command('audit').description('show what happened to accounts, clients and keys, the newest first')
    .argument('[account]', 'an email, or an id, also of an account that was deleted', accountReference)
    .addOption(new Option('--event <event>', 'only records of this kind').choices(Object.keys(auditEventKinds)))
    .option('--actor <actor>', 'only what was done by it, such as user, admin_token, client:ID or cli:NAME')
    .option('--client <id>', 'only what was done to this client or key')
    .option('--since <duration>', 'how far back, such as 90m, 24h, 30d', past, day)
    .addOption(new Option('--from <time>', 'from then on, such as 2026-01-12T10:30:00Z').argParser(time)
      .conflicts('since'))
    .option('--to <time>', 'before then', time)
    .option('--limit <count>', 'records at most', count, defaultLimit)
    .addOption(new Option('--follow', 'show each record as it appears, a line each, until Ctrl-C')
      .conflicts(['since', 'from', 'to', 'limit']))
    .option('--json', 'print JSON')
    .action((account: string | undefined, options: AuditOptions) => withCore(env, async core => {
      const { event, actor, client: subject, since, from, to: until, limit, follow = false, json = false } = options
      const accountId = account === undefined ? undefined : await accountIdOf(core, account)
      const wanted = { accountId, event, actor, subject }
      if (follow) return printEach(core.audit.follow(wanted), json)
      const earliest = from ?? new Date((until?.getTime() ?? Date.now()) - since * 1000)
      const { records } = await core.audit.page({ ...wanted, since: earliest, until, limit })
      printRows(records.map(toRow), { json })
    }))
}

/** Each as soon as it is there; ends with the process. */
async function printEach (records: AsyncGenerator<AuditRecord, never>, json: boolean): Promise<never> {
  for (;;) {
    const { value: record } = await records.next()
    print(json ? JSON.stringify(toRow(record)) : toLine(record))
  }
}

/** `2026-01-12T10:30:00.000Z signed_in account=… actor=user`, with what the record has. */
function toLine (record: AuditRecord): string {
  const { at, event, ...others } = toRow(record)
  const members = Object.entries(others)
    .filter(([, value]) => value !== null).map(([name, value]) => `${name}=${value}`)
  return printable([at.toISOString(), event, ...members].join(' '))
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
