import { randomUUID } from 'node:crypto'
import { Client } from 'pg'

/** Makes an empty database whose name begins like this on the server of this url's; resolves with its url. */
export async function createDatabase (serverUrl: string, beginning: string): Promise<string> {
  const name = `${beginning}_${randomUUID()}`
  await order(serverUrl, client => `CREATE DATABASE ${client.escapeIdentifier(name)}`)
  const url = new URL(serverUrl)
  url.pathname = name
  return url.href
}

/** Removes a database that was made so, whoever is still connected to it. */
export async function dropDatabase (serverUrl: string, databaseUrl: string): Promise<void> {
  const name = new URL(databaseUrl).pathname.slice(1)
  await order(serverUrl, client => `DROP DATABASE ${client.escapeIdentifier(name)} WITH (FORCE)`)
}

async function order (serverUrl: string, statement: (client: Client) => string): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement(client))
  } finally {
    await client.end()
  }
}
