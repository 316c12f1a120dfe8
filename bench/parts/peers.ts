import { openConnection } from '../harness/http-connection.js'
import { settings } from '../harness/settings.js'
import { startBetterAuth, type BetterAuthMode } from '../subjects/better-auth.js'
import { startLimits, type LimitOptions, type Limits } from '../subjects/limits.js'
import { startOidcProvider, type OidcProvider } from '../subjects/oidc-provider.js'
import { startPartnerService } from '../subjects/partner-service.js'
import { copySessions } from '../subjects/session-row.js'
import type { Bench } from './bench.js'
import { signUpBetterAuthUsers, type BetterAuthUser } from './better-auth-requests.js'
import { exchange, introspection } from './partner-requests.js'
import { emailOf, password } from './population.js'

interface BetterAuth {
  pid: number
  port: number
  users: BetterAuthUser[]
}

/** What Keyturn is measured against, all of it running. */
export interface Peers {
  limits: Limits
  /** What Keyturn and the limits answer. */
  answers: LimitOptions['answers']
  partnerService: { pid: number, port: number }
  oidc: OidcProvider
  betterAuth: Record<'database' | 'cookieCache' | 'refresh', BetterAuth>
}

/** Starts the limits and the peers, with people who are signed in there too. */
export async function startPeers (bench: Bench): Promise<Peers> {
  const { cores, client, databaseUrl, keyturn } = bench
  const betterAuth = async (mode: BetterAuthMode): Promise<BetterAuth> => {
    const server = await startBetterAuth(databaseUrl, cores, mode)
    return { ...server, users: await signUpBetterAuthUsers(server.port, settings.connections) }
  }
  return {
    ...await startLimitsOf(bench),
    partnerService: await startPartnerService(keyturn, client, cores),
    oidc: await startOidcProvider(databaseUrl, cores),
    betterAuth: {
      database: await betterAuth('database'),
      cookieCache: await betterAuth('cookie-cache'),
      refresh: await betterAuth('refresh')
    }
  }
}

/** Starts the limits, which answer what Keyturn answers; `args` are more arguments of node. */
export async function startLimitsOf (
  bench: Bench, args: readonly string[] = []
): Promise<Pick<Peers, 'limits' | 'answers'>> {
  const { sql, cores, client, databaseUrl, members } = bench
  const answers = await answersOf(bench)
  const [{ hash }] = await sql<[{ hash: string }]>`
    SELECT password_hash AS hash FROM accounts WHERE email = ${emailOf(0)}`
  await copySessions(sql)
  const limits = await startLimits({
    databaseUrl,
    poolMax: settings.poolMax,
    keys: members.slice(0, settings.connections).map(member => member.key),
    password,
    passwordHash: hash,
    hashesAtOnce: cores.serverCount,
    answers,
    clientId: client.id
  }, cores, args)
  return { limits, answers }
}

/** Keyturn's answers to the first member, for the limits to give too. */
async function answersOf ({ keyturn, members: [member], client }: Bench): Promise<LimitOptions['answers']> {
  const { accessToken: token, refreshToken } = member
  const connection = await openConnection(keyturn.port)
  const refreshed = await connection.post('/api/auth/refresh-token', JSON.stringify({ refreshToken }))
  member.refreshToken = (JSON.parse(refreshed) as { data: { refreshToken: string } }).data.refreshToken
  const answers = {
    validated: await connection.post('/api/auth/validate-token', JSON.stringify({ token })),
    refreshed,
    introspected: await introspection(client, token)(connection, '/oauth/introspect'),
    exchanged: await exchange(client, token)(connection, '/oauth/token')
  }
  connection.close()
  return answers
}
