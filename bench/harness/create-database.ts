import { randomUUID } from 'node:crypto'
import { Client } from 'pg'

/** Makes an empty database whose name begins like this on the server of this url's; resolves with its url. */
export async function createDatabase (serverUrl: string, beginning: string): Promise<string> {
  const name = `${beginning}_${randomUUID()}`
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
  const url = new URL(serverUrl)
  url.pathname = name
  return url.href
}
