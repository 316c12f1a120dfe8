import type postgres from 'postgres'

/** A privilege on a table, or on one of its columns. */
export interface Right {
  table: string
  privilege: string
  column: string | null
}

const changedTables = [
  'accounts', 'account_identifiers', 'sessions', 'signing_keys', 'tasks', 'login_throttle', 'clients',
  'client_assertions', 'event_acknowledgements', 'event_streams', 'removed_subjects', 'challenges', 'mails',
  'mail_counts', 'idempotent_requests', 'imports', 'import_problems', 'webhooks', 'webhook_deliveries'
]

const onTable = (table: string, ...privileges: string[]): Right[] =>
  privileges.map(privilege => ({ table, privilege, column: null }))

/** What a server that is not the owner needs to be allowed. */
export const neededRights: Right[] = [
  ...onTable('schema_migrations', 'SELECT'),
  ...changedTables.flatMap(table => onTable(table, 'SELECT', 'INSERT', 'UPDATE', 'DELETE')),
  // What the log says stays: addresses are shortened, and details of accounts that are gone are cleared.
  ...onTable('audit_events', 'SELECT', 'INSERT', 'DELETE'),
  ...['address', 'details'].map(column => ({ table: 'audit_events', privilege: 'UPDATE', column }))
]

/** The rights that a connection's role lacks, such as `DELETE on sessions`; of tables that are there. */
export async function missingRights (sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<Right[]>`
    SELECT need.* FROM jsonb_to_recordset(${JSON.stringify(neededRights)}::text::jsonb)
      AS need ("table" text, privilege text, "column" text)
    WHERE to_regclass(need."table") IS NOT NULL AND NOT CASE WHEN need."column" IS NULL
      THEN has_table_privilege(need."table", need.privilege)
      ELSE has_column_privilege(need."table", need."column", need.privilege) END`
  return rows.map(({ table, privilege, column }) => `${privilege} on ${table}${column === null ? '' : ` (${column})`}`)
}
