import type postgres from 'postgres'
import type { Address } from './address.js'
import { connect, type Target } from './client.js'
import { isRolledBack } from './errors.js'

/*
 * Citus, the extension that spreads tables over several Postgres servers (ADR 0018). The rows of an account are on one
 * of them, so a statement about one account is sent to one server. Keyturn connects to the coordinator.
 */

/** Where the rows of a table are: spread by a column, copied to each server, or on the coordinator only. */
export type Placement = { by: string, beside?: 'accounts' } | 'copied' | 'coordinator'

/** In the order in which tables are placed: a table beside another one after it. */
export const placements: Record<string, Placement> = {
  accounts: { by: 'id' },
  sessions: { by: 'account_id', beside: 'accounts' },
  tasks: { by: 'account_id', beside: 'accounts' },
  audit_events: { by: 'account_id', beside: 'accounts' },
  challenges: { by: 'account_id', beside: 'accounts' },
  mails: { by: 'account_id', beside: 'accounts' },
  account_identifiers: { by: 'value' },
  clients: 'copied',
  client_assertions: 'copied',
  event_acknowledgements: 'copied',
  event_streams: 'copied',
  removed_subjects: 'copied',
  signing_keys: 'copied',
  login_throttle: 'coordinator',
  mail_counts: 'coordinator',
  idempotent_requests: 'coordinator',
  imports: 'coordinator',
  import_problems: 'coordinator',
  webhooks: 'coordinator',
  webhook_deliveries: 'coordinator'
}

/** Something that `distribute` does: in words, and in SQL. */
export interface Step {
  description: string
  statement: string
}

export interface Distribution {
  /** Whether the database has the extension. */
  isCluster: boolean
  /** Servers that take rows. */
  servers: number
  /** What is still to be done; nothing on a database that is distributed. */
  steps: Step[]
}

/** What `distribute` was refused for, in words for an operator. */
export class DistributionError extends Error {}

/**
 * What holds emails, usernames and numbers unique on one server, and cannot on several. `account_identifiers` takes
 * its place, the sequence of the numbers needs none. With it goes what claims for the previous version of Keyturn.
 */
const singleServer: Step = {
  description: 'drop the constraints that hold emails and usernames unique on one server, and the trigger that ' +
    'claims them for version 0.1: no process of that version may run any more',
  statement: `
    DROP TRIGGER IF EXISTS accounts_claim_identifiers ON accounts;
    DROP FUNCTION IF EXISTS claim_account_identifiers();
    ALTER TABLE accounts DROP CONSTRAINT IF EXISTS accounts_email_unique,
      DROP CONSTRAINT IF EXISTS accounts_number_unique;
    DROP INDEX IF EXISTS accounts_username_unique;
    CREATE INDEX IF NOT EXISTS accounts_in_order ON accounts (number)`
}

/** Reads what a database is. @throws the database's error */
export async function readDistribution (sql: postgres.Sql): Promise<Distribution> {
  const extension = await sql`SELECT WHERE to_regclass('pg_dist_partition') IS NOT NULL`
  if (extension.length === 0) return { isCluster: false, servers: 0, steps: [] }
  const servers = await sql`SELECT FROM pg_dist_node WHERE isactive AND shouldhaveshards`
  const placed = await sql<{ name: string }[]>`SELECT logicalrelid::text AS name FROM pg_dist_partition`
  const names = new Set(placed.map(({ name }) => name))
  const missing = Object.entries(placements).filter(([name, placement]) =>
    placement !== 'coordinator' && !names.has(name))
  const steps = missing.map(([name, placement]) => toStep(name, placement))
  return { isCluster: true, servers: servers.length, steps: names.has('accounts') ? steps : [singleServer, ...steps] }
}

function toStep (name: string, placement: Placement): Step {
  if (typeof placement === 'string') {
    return { description: `copy ${name} to every server`, statement: `PERFORM create_reference_table('${name}')` }
  }
  const { by, beside } = placement
  return {
    description: `spread ${name} by ${by}${beside === undefined ? '' : ', each row beside its account'}`,
    statement: `PERFORM create_distributed_table('${name}', '${by}', colocate_with => '${beside ?? 'none'}')`
  }
}

/**
 * Distributes the tables of a migrated database, all in one transaction or none; statements of running servers wait for
 * it, and get 503 if they wait for too long. Doing it again does what a newer version has added.
 * @returns what was done
 * @throws DistributionError when the database cannot be distributed; the database's error
 */
export async function distribute (target: Target | Address): Promise<Step[]> {
  const sql = connect(target, { max: 1 })
  try {
    const distribution = await readDistribution(sql)
    requireServers(distribution)
    const { steps } = distribution
    if (steps.length === 0) return []
    await repeatedIfRolledBack(() => sql.unsafe(`
      DO $distribution$ BEGIN
        SET LOCAL citus.multi_shard_modify_mode = 'sequential';
        LOCK TABLE ${Object.keys(placements).join(', ')} IN ACCESS EXCLUSIVE MODE;
        ${steps.map(({ statement }) => statement).join(';\n')};
      END $distribution$`).simple())
    await freeLocalRows(sql)
    return steps
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** How often it may be the victim of a deadlock: statements of running servers lock in other orders. */
const maxRepeats = 5

async function repeatedIfRolledBack (attempt: () => PromiseLike<unknown>, repeats = maxRepeats): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    if (!isRolledBack(error) || repeats === 0) throw error
    await repeatedIfRolledBack(attempt, repeats - 1)
  }
}

/** @throws DistributionError which says what is missing */
export function requireServers ({ isCluster, servers }: Pick<Distribution, 'isCluster' | 'servers'>): void {
  if (!isCluster) {
    throw new DistributionError('the database does not have the extension citus: as its superuser, CREATE EXTENSION ' +
      'citus on every server, and SELECT citus_add_node(…) for each on the coordinator (docs/scaling.md)')
  }
  if (servers === 0) {
    throw new DistributionError('no server takes rows: SELECT citus_add_node(…) for each on the coordinator')
  }
}

/** The coordinator keeps the rows as they were, unseen; those that refer to others first. */
async function freeLocalRows (sql: postgres.Sql): Promise<void> {
  const spread = Object.entries(placements).filter(([, placement]) => placement !== 'coordinator')
  for (const [name] of spread.reverse()) await sql`SELECT truncate_local_data_after_distributing_table(${name})`
}
