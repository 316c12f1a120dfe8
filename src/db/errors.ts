/** The driver's own codes and the system's for a connection that is not there. */
const connectionCodes = new Set([
  'CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT',
  'ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'
])

/** SQLSTATE classes: connection, authorization, insufficient resources, operator intervention, system error. */
const sqlStateClasses = new Set(['08', '28', '53', '57', '58'])
const sqlStates = new Set([
  '3D000', // the database is not there: renamed, or being restored
  '25006', // read-only transaction: a standby, in the middle of a failover
  '40001', '40P01', '55P03' // serialization failure, deadlock, lock not available in time
])

/** Whether a database error says nothing about the request, only that the database cannot answer it now. */
export function isUnavailable (error: unknown): boolean {
  const code = codeOf(error)
  const isOfClass = code.length === 5 && sqlStateClasses.has(code.slice(0, 2))
  return isOfClass || sqlStates.has(code) || connectionCodes.has(code)
}

/** Serialization failure, deadlock. */
const rolledBackStates = new Set(['40001', '40P01'])

/** Whether a server rolled a transaction back for the sake of another one, so that the same may succeed at once. */
export function isRolledBack (error: unknown): boolean {
  return rolledBackStates.has(codeOf(error))
}

/** Of a standby, or of a server that was set so. */
const readOnlyState = '25006'

/** Admin shutdown, crash, cannot connect now. */
const shutdownStates = new Set(['57P01', '57P02', '57P03'])

/** Whether a server refused to write. */
export function isReadOnly (error: unknown): boolean {
  return codeOf(error) === readOnlyState
}

/** Whether an error says that another server may have taken over. */
export function isServerLost (error: unknown): boolean {
  const code = codeOf(error)
  return code === readOnlyState || shutdownStates.has(code) || connectionCodes.has(code)
}

/** The SQLSTATE of an error, or the driver's or the system's own code; empty for any other. */
export function codeOf (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** For a promise whose failure changes nothing, such as that of closing what is given up. */
export function ignore (): void {}

/** SQLSTATE class: integrity constraint violation. */
const constraintClass = '23'

/** The number of a shard, which a distributed Postgres appends to the names of tables and constraints. */
const shardNumber = /_\d{6,}$/

/**
 * The name of the constraint that a statement violated, or `null` for any other error. A distributed Postgres has it in
 * the message only.
 */
export function violatedConstraint (error: unknown): string | null {
  if (!(error instanceof Error) || !codeOf(error).startsWith(constraintClass)) return null
  const [, inMessage] = /constraint "([^"]+)"/.exec(error.message) ?? []
  const name = 'constraint_name' in error ? String(error.constraint_name) : inMessage
  return name?.replace(shardNumber, '') ?? null
}
