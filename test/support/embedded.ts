import type { Test } from 'tap'
import { connect } from '../../src/db/client.js'
import { openEmbedded, type EmbeddedDatabase } from '../../src/db/embedded/embedded.js'

/** Opens an embedded database and closes it after the test, if the test has not done it. */
export async function opened (t: Test, dataDir: string): Promise<EmbeddedDatabase> {
  const database = await openEmbedded(dataDir)
  let closing: Promise<void> | null = null
  function close (): Promise<void> {
    closing ??= database.close()
    return closing
  }
  t.teardown(close)
  return { ...database, close }
}

/** One statement over a connection of its own, as a value of its only row and column. */
export async function runStatement ({ socketFolder }: EmbeddedDatabase, statement: string): Promise<unknown> {
  const sql = connect({ socketFolder }, { max: 1 })
  try {
    const [row] = await sql.unsafe(statement)
    return row === undefined ? undefined : Object.values(row)[0]
  } finally {
    await sql.end({ timeout: 1 })
  }
}
