import { setTimeout as delay } from 'node:timers/promises'
import { serverName, type Address } from '../../db/address.js'
import { addressesOf, connect } from '../../db/client.js'
import { ignore } from '../../db/errors.js'
import { takesWrites } from '../../db/probe.js'
import { bad, good, messageOf, warning, type Finding } from './finding.js'

/** Milliseconds for a server to answer. */
const timeoutMs = 5_000

/** What a server says of itself. */
interface ServerState {
  isInRecovery: boolean
  takesWrites: boolean
}

interface Examined {
  address: Address
  state: ServerState | Error
}

/** Asks every server of a URL; `primary` is the one that takes writes. */
export async function examineServers (url: string): Promise<{ findings: Finding[], primary: Address | null }> {
  const servers = await Promise.all(addressesOf({ url }).map(async (address): Promise<Examined> =>
    ({ address, state: await ask(address) })))
  const primary = servers.find(({ state }) => 'takesWrites' in state && state.takesWrites)?.address ?? null
  return { primary, findings: servers.map(server => judge(server, primary !== null)) }
}

async function ask (address: Address): Promise<ServerState | Error> {
  const sql = connect(address, { max: 1, connect_timeout: timeoutMs / 1000 })
  const answer = sql.unsafe<[ServerState]>(
    `SELECT pg_is_in_recovery() AS "isInRecovery", ${takesWrites} AS "takesWrites"`)
    .then(([state]) => state, (error: Error) => error)
  const state = await Promise.race([answer, delay(timeoutMs, new Error('no answer'), { ref: false })])
  sql.end({ timeout: 0 }).catch(ignore)
  return state
}

/** One that takes writes is enough: the others are standbys, or will be. */
function judge ({ address, state }: Examined, hasPrimary: boolean): Finding {
  const name = serverName(address)
  if (state instanceof Error) {
    return (hasPrimary ? warning : bad)('server', `${name}: ${messageOf(state)}`, 'start it, or correct DATABASE_URL')
  }
  if (state.takesWrites) return good('server', `${name} takes writes`)
  const finding = `${name} ${state.isInRecovery ? 'is a standby' : 'is read-only (default_transaction_read_only)'}`
  return hasPrimary
    ? good('server', finding)
    : bad('server', finding, 'name the server that takes writes in DATABASE_URL, or promote this one')
}
