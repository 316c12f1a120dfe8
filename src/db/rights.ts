import type postgres from 'postgres'

const whole = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']

/** What a server that is not the owner needs to be allowed on each table; of a privilege on columns, its columns. */
export const neededRights: Record<string, string[]> = {
  schema_migrations: ['SELECT'],
  accounts: whole,
  account_identifiers: whole,
  sessions: whole,
  signing_keys: whole,
  tasks: whole,
  // What the log says stays: addresses are shortened, and details of accounts that are gone are cleared.
  audit_events: ['SELECT', 'INSERT', 'DELETE', 'UPDATE (address, details)'],
  login_throttle: whole,
  clients: whole,
  client_assertions: whole,
  event_acknowledgements: whole,
  event_streams: whole,
  removed_subjects: whole,
  challenges: whole,
  mails: whole,
  mail_counts: whole,
  idempotent_requests: whole,
  imports: whole,
  import_problems: whole,
  webhooks: whole,
  webhook_deliveries: whole
}

interface Need {
  table: string
  privilege: string
  column: string | null
}

const needs: Need[] = Object.entries(neededRights).flatMap(([table, rights]) => rights.flatMap((right): Need[] => {
  const [, privilege = '', columns] = /^(\w+)(?: \((.+)\))?$/.exec(right) ?? []
  return columns === undefined
    ? [{ table, privilege, column: null }]
    : columns.split(', ').map(column => ({ table, privilege, column }))
}))

/** The rights that a connection's role lacks, such as `DELETE on sessions`; of tables that are there. */
export async function missingRights (sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<Need[]>`
    SELECT need.* FROM jsonb_to_recordset(${JSON.stringify(needs)}::text::jsonb)
      AS need ("table" text, privilege text, "column" text)
    WHERE to_regclass(need."table") IS NOT NULL AND NOT CASE WHEN need."column" IS NULL
      THEN has_table_privilege(need."table", need.privilege)
      ELSE has_column_privilege(need."table", need."column", need.privilege) END`
  return rows.map(({ table, privilege, column }) => `${privilege} on ${table}${column === null ? '' : ` (${column})`}`)
}
