import { randomBytes, randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { nextMessage, startChild } from '../harness/children.js'
import type { Cores } from '../harness/cores.js'
import { createDatabase } from '../harness/create-database.js'
import { freePort } from '../harness/free-port.js'
import { settings } from '../harness/settings.js'
import { hashingThreads, type Credentials } from './keyturn.js'

export interface OidcNeeds {
  port: number
  databaseUrl: string
  poolMax: number
  client: Credentials
  /** Whom it makes a refresh token for. */
  accounts: string[]
}

export interface OidcTokens {
  /** One for each account. */
  refreshTokens: string[]
  /** One that is not a JWT, of the first account. */
  accessToken: string
}

/** A running oidc-provider, with a client and its tokens. */
export interface OidcProvider extends OidcTokens {
  pid: number
  port: number
  client: Credentials
}

const program = fileURLToPath(new URL('oidc-provider-server.ts', import.meta.url))

/** Starts oidc-provider on a new database beside the one of the url, and waits until it is ready. */
export async function startOidcProvider (databaseUrl: string, cores: Cores): Promise<OidcProvider> {
  const needs: OidcNeeds = {
    port: await freePort(),
    databaseUrl: await createDatabase(databaseUrl, 'oidc_provider'),
    poolMax: settings.poolMax,
    client: { id: 'bench', secret: randomBytes(32).toString('base64url') },
    accounts: Array.from({ length: settings.connections }, () => randomUUID())
  }
  const child = startChild({
    name: 'oidc-provider',
    args: ['--import', 'tsx', program, JSON.stringify(needs)],
    env: { NODE_ENV: 'production', UV_THREADPOOL_SIZE: String(hashingThreads(cores)) },
    cores: cores.server
  })
  const tokens = await nextMessage(child) as OidcTokens
  return { pid: child.pid, port: needs.port, client: needs.client, ...tokens }
}
