import type { Comparison } from './comparison.js'
import { httpLoad, type Request } from './http-load.js'
import type { Limits } from './limits.js'
import { credentials, type Member } from './population.js'

export interface ComparisonNeeds {
  keyturn: { pid: number, port: number }
  limits: Limits
  members: readonly Member[]
  /** What a good token's check is answered with. */
  validated: string
}

/** The three things that are measured, each against what it cannot be faster than. */
export function comparisons ({ keyturn, limits, members, validated }: ComparisonNeeds): Comparison[] {
  const onKeyturn = (requests: Request[]) => (seconds: number) => httpLoad(keyturn.port, requests, seconds)
  const onLimit = (requests: Request[]) => (seconds: number) => httpLoad(limits.server.port, requests, seconds)

  const validations = (path: string) => members.map(() => validation(path, members[0]?.accessToken ?? '', validated))

  return [
    {
      title: 'validate-token, the same token again and again',
      roundSeconds: 3,
      subjects: [
        { name: 'Keyturn', pid: keyturn.pid, run: onKeyturn(validations('/api/auth/validate-token')) },
        { name: 'bare Fastify route', pid: limits.server.pid, aim: 0.6, run: onLimit(validations('/validate-token')) }
      ]
    },
    {
      title: 'refresh-token, the newest token of each session',
      roundSeconds: 3,
      subjects: [
        { name: 'Keyturn', pid: keyturn.pid, run: onKeyturn(members.map(refresh)) },
        {
          name: 'raw UPDATE behind a bare Fastify route',
          pid: limits.server.pid,
          aim: 0.6,
          run: onLimit(members.map(update))
        },
        {
          name: 'raw UPDATE, no HTTP',
          pid: limits.loops.pid,
          run: seconds => limits.loops.run('update', seconds)
        }
      ]
    },
    {
      title: 'login',
      roundSeconds: 4,
      subjects: [
        { name: 'Keyturn', pid: keyturn.pid, run: onKeyturn(members.map(signIn)) },
        {
          name: 'raw argon2.verify, no HTTP',
          pid: limits.loops.pid,
          aim: 0.95,
          run: seconds => limits.loops.run('verify', seconds)
        }
      ]
    }
  ]
}

function validation (path: string, token: string, expected: string): Request {
  const body = JSON.stringify({ token })
  return async connection => {
    if (await connection.post(path, body) !== expected) throw new Error(`${path}: not the answer expected`)
  }
}

/** Each answer's refresh token is the next request's: the token is always the newest. */
function refresh (member: Member): Request {
  return async connection => {
    member.refreshToken = await trade(connection, '/api/auth/refresh-token', member.refreshToken)
  }
}

/** The same bytes to and fro, but the request names the row. */
function update ({ key, refreshToken }: Member): Request {
  const name = `${key.accountId} ${key.sessionId} `.padEnd(refreshToken.length, '.')
  return async connection => { await trade(connection, '/refresh-token', name) }
}

async function trade (connection: Parameters<Request>[0], path: string, refreshToken: string): Promise<string> {
  const answer = JSON.parse(await connection.post(path, JSON.stringify({ refreshToken }))) as
    { data: { refreshToken: string } }
  return answer.data.refreshToken
}

function signIn ({ email }: Member): Request {
  const body = credentials(email)
  return async connection => { await connection.post('/api/auth/login', body) }
}
