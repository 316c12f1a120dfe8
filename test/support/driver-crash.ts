import postgres from 'postgres'
import { surviveDriverFaults } from '../../src/db/driver-faults.js'
import { createLog } from '../../src/log.js'

/*
 * Makes postgres.js throw out of reach of any caller: a backend is ended inside `sql.begin`, and a statement written
 * to it before the driver knows (its issues 1066, 1154 and 1208). With the argument `guarded` as the server does.
 * It takes the right moment, so it tries until it has hit it.
 */

const mostTries = 50

const [url = '', mode] = process.argv.slice(2)
let faults = 0
if (mode === 'guarded') {
  surviveDriverFaults(process, createLog('info'))
  process.on('uncaughtException', () => { faults += 1 })
}

const killer = postgres(url, { max: 1 })
await killer`SELECT 1`

async function provoke (sql: postgres.Sql): Promise<void> {
  await sql.begin(async transaction => {
    const [{ pid } = {}] = await transaction<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
    await killer`SELECT pg_terminate_backend(${pid ?? 0})`
    await new Promise(resolve => setImmediate(resolve))
    await transaction`SELECT 1`
  }).catch(() => {})
  // The fault comes with the next turn of the loop.
  await new Promise(resolve => setImmediate(resolve))
}

for (let tries = 1; tries <= mostTries; tries += 1) {
  const sql = postgres(url, { max: 1, connect_timeout: 1 })
  await provoke(sql)
  if (faults === 0) {
    await sql.end({ timeout: 0 })
    continue
  }
  process.stdout.write('still here\n')
  process.exit(0)
}
process.stdout.write('no fault came\n')
process.exit(0)
