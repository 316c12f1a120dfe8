import { makePgArray, parsePgArray } from 'drizzle-orm/pg-core'
import postgres from 'postgres'
import { parseAddresses, type Address } from './address.js'

/** A `postgres://` URL, of one server or several, or the folder of the embedded database's Unix socket. */
export type Target = { url: string } | { socketFolder: string }

export type Sql = postgres.Sql

export type ClientOptions = postgres.Options<Record<string, postgres.PostgresType>>

const connectTimeoutSeconds = 5
/**
 * Between a connection that was lost and its next attempt. The driver's own back-off grows to 20 seconds, longer than
 * the deadline of the statement that was given to this connection.
 */
const reconnectSeconds = 0.25

/** The query builder has made a text of a list already. */
const serializeArray = (value: string | unknown[]) => typeof value === 'string' ? value : makePgArray(value)

/** Types the driver does not know by itself, since it does not ask the server for them; by their stable oids. */
export const types = {
  int8: { to: 20, from: [20], serialize: String, parse: Number },
  textArray: { to: 1009, from: [1009], serialize: serializeArray, parse: parsePgArray },
  intArray: {
    to: 1007, from: [1007], serialize: serializeArray, parse: (text: string) => parsePgArray(text).map(Number)
  },
  uuidArray: { to: 2951, from: [2951], serialize: serializeArray, parse: parsePgArray }
}

/** The servers of a target, in its order. */
export function addressesOf (target: Target): [Address, ...Address[]] {
  if ('url' in target) return parseAddresses(target.url)
  return [{ url: 'postgres://postgres@localhost/postgres', host: target.socketFolder, port: 5432 }]
}

/** One postgres.js client, to the first server of a target, with the settings that all connections of Keyturn share. */
export function connect (target: Target | Address, options: ClientOptions): postgres.Sql {
  const [first] = addressesOf(target)
  const { url, ...address } = 'url' in target ? { ...target, ...first } : first
  return postgres(url, {
    connect_timeout: connectTimeoutSeconds,
    ...options,
    ...address,
    backoff: () => reconnectSeconds,
    // Types are named in the statements; asking the server for them would cost each connection a round trip.
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'keyturn', ...options.connection }
  })
}
