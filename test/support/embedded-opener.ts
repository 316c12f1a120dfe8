import { connect } from '../../src/db/client.js'
import { openEmbedded, type EmbeddedDatabase } from '../../src/db/embedded/embedded.js'

/*
 * A process that opens an embedded database when its parent says so: `open` at a given instant and insert a row,
 * `count` the rows, `close`.
 */

export type Order = { open: string, at: number } | 'count' | 'close'

let database: EmbeddedDatabase | null = null

async function runStatement (statement: string): Promise<unknown> {
  const sql = connect({ socketFolder: database?.socketFolder ?? '' }, { max: 1 })
  try {
    const [row] = await sql.unsafe(statement)
    return row?.answer
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function obey (order: Order): Promise<unknown> {
  if (order === 'count') return await runStatement('SELECT count(*)::int AS answer FROM openers')
  if (order === 'close') return await database?.close()
  database = null
  while (Date.now() < order.at);
  database = await openEmbedded(order.open)
  return await runStatement('INSERT INTO openers DEFAULT VALUES RETURNING true AS answer')
}

process.on('message', (order: Order) => {
  obey(order).then(
    answer => process.send?.({ answer: answer ?? null }),
    (error: unknown) => process.send?.({ answer: String(error) }))
})
process.send?.('up')
