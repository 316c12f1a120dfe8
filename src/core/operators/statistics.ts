import type { Database } from '../../db/database.js'
import type { Fragment } from '../../db/pool.js'
import { sessionSql } from '../sessions/session-row.js'

/** How many rows there are: exactly where they are few, otherwise as many as the database's planner expects. */
export interface Statistics {
  /** Milliseconds since 1970. */
  asOf: number
  accounts: number
  /** Live ones. */
  sessions: number
  auditEvents: number
  mailsWaiting: number
  clients: number
}

export interface StatisticsNeeds {
  db: Pick<Database, 'sql'>
  /** Milliseconds since 1970. */
  now: () => number
}

/** Up to so many rows are counted. */
const maxCounted = 10_000

/** Milliseconds for which figures are given again: reading them costs more than they are worth every second. */
const keptMs = 10_000

/** Reads how much there is, without counting whole tables. */
export function createStatistics ({ db: { sql }, now }: StatisticsNeeds) {
  let latest: Promise<Statistics> | null = null
  let readAt = 0

  async function count (rows: Fragment): Promise<number> {
    const [plan] = await sql<[{ 'QUERY PLAN': unknown }]>`EXPLAIN (FORMAT JSON) SELECT ${rows}`
    const expected = expectedRows(plan['QUERY PLAN'])
    if (expected > maxCounted) return expected
    const [{ counted }] = await sql<[{ counted: number }]>`
      SELECT count(*)::int AS counted FROM (SELECT ${rows} LIMIT ${maxCounted}) AS found`
    return counted
  }

  async function read (): Promise<Statistics> {
    const asOf = now()
    const [accounts, sessions, auditEvents, mailsWaiting, clients] = await Promise.all([
      count(sql`FROM accounts AS account`),
      count(sql`FROM sessions AS session WHERE ${sql.unsafe(sessionSql.isUnended)}`),
      count(sql`FROM audit_events AS event`),
      count(sql`FROM mails AS mail WHERE mail.sent_at IS NULL AND mail.failed_at IS NULL`),
      count(sql`FROM clients AS client`)
    ])
    return { asOf, accounts, sessions, auditEvents, mailsWaiting, clients }
  }

  /** The figures, at most ten seconds old. @throws AuthError `unavailable` */
  return async function statistics (): Promise<Statistics> {
    if (latest === null || now() - readAt >= keptMs) {
      readAt = now()
      latest = read().catch((error: unknown) => {
        latest = null
        throw error
      })
    }
    return latest
  }
}

interface PlanNode {
  'Plan Rows'?: number
  'Distributed Query'?: { Job: { 'Task Count': number, Tasks: Array<{ 'Remote Plan': PlanNode[][] }> } }
  Plans?: PlanNode[]
  Plan?: PlanNode
}

/**
 * The rows that a plan expects. Where tables are spread over servers, the coordinator shows the plan of one part only,
 * of as many that are alike.
 */
export function expectedRows (plan: unknown): number {
  const [{ Plan: top = {} } = {}] = (typeof plan === 'string' ? JSON.parse(plan) : plan) as PlanNode[]
  const job = top['Distributed Query']?.Job
  if (job === undefined) return top['Plan Rows'] ?? 0
  const [[{ Plan: part = {} } = {}] = []] = job.Tasks[0]?.['Remote Plan'] ?? []
  return (part['Plan Rows'] ?? 0) * job['Task Count']
}
