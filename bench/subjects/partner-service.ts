import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChild } from '../harness/children.js'
import type { Cores } from '../harness/cores.js'
import { freePort } from '../harness/free-port.js'
import type { Credentials, Keyturn } from './keyturn.js'

const program = fileURLToPath(new URL('../../examples/local-verification.mjs', import.meta.url))
const patienceMs = 15_000

/** Starts the service of docs/partners.md that checks tokens by itself. @throws when it does not answer in time */
export async function startPartnerService (
  keyturn: Keyturn, { id, secret }: Credentials, cores: Cores
): Promise<{ pid: number, port: number }> {
  const port = await freePort()
  const { pid } = startChild({
    name: 'the partner service',
    args: [program],
    env: {
      KEYTURN_URL: `http://127.0.0.1:${keyturn.port}`, CLIENT_ID: id, CLIENT_SECRET: secret, PORT: String(port)
    },
    cores: cores.server
  })
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await delay(50)) {
    const answer = await fetch(`http://127.0.0.1:${port}`).catch(() => null)
    if (answer?.status === 401) return { pid, port }
  }
  throw new Error('the partner service does not answer')
}
