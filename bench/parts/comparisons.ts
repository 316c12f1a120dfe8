import type { Comparison } from '../harness/comparison.js'
import { httpLoad, type Request } from '../harness/http-load.js'
import type { Credentials } from '../subjects/keyturn.js'
import type { LimitOptions, Limits } from '../subjects/limits.js'
import { exchange, introspection, type PartnerPost } from './partner-requests.js'
import { credentials, type Member } from './population.js'

export interface ComparisonNeeds {
  keyturn: { pid: number, port: number }
  limits: Limits
  members: readonly Member[]
  /** What Keyturn answers for the first member's access token. */
  answers: LimitOptions['answers']
  client: Credentials
  partnerService: { pid: number, port: number }
}

/** What is measured, each against what it cannot be faster than or what else a partner could do. */
export function comparisons (needs: ComparisonNeeds): Comparison[] {
  const { keyturn, limits, members, client, partnerService } = needs
  const { validated, introspected, exchanged } = needs.answers
  const onKeyturn = (requests: Request[]) => (seconds: number) => httpLoad(keyturn.port, requests, seconds)
  const onLimit = (requests: Request[]) => (seconds: number) => httpLoad(limits.server.port, requests, seconds)

  const token = members[0]?.accessToken ?? ''
  const validations = (path: string) => members.map(() => validation(path, token, validated))
  const introspect = introspection(client, token)
  const introspections = (path: string) => members.map(() => asPartner(introspect, path, introspected))
  const trade = exchange(client, token)
  const exchanges = (path: string) => members.map(() => asPartner(trade, path, exchanged))

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
    },
    {
      title: 'introspect, the same token again and again',
      roundSeconds: 3,
      subjects: [
        { name: 'Keyturn', pid: keyturn.pid, run: onKeyturn(introspections('/oauth/introspect')) },
        {
          name: 'two raw SELECTs behind a bare Fastify route',
          pid: limits.server.pid,
          run: onLimit(introspections('/introspect'))
        }
      ]
    },
    {
      title: 'token exchange, the same token again and again',
      roundSeconds: 3,
      subjects: [
        { name: 'Keyturn', pid: keyturn.pid, run: onKeyturn(exchanges('/oauth/token')) },
        {
          name: 'raw SELECT and ES256 signature behind a bare Fastify route',
          pid: limits.server.pid,
          run: onLimit(exchanges('/exchange'))
        }
      ]
    },
    {
      title: 'local verification with events, the same token again and again',
      roundSeconds: 3,
      subjects: [
        {
          name: 'examples/local-verification.mjs',
          pid: partnerService.pid,
          run: seconds => httpLoad(partnerService.port, members.map(() => asUser(token)), seconds)
        },
        { name: 'Keyturn, validate-token', pid: keyturn.pid, run: onKeyturn(validations('/api/auth/validate-token')) }
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

/** The answer must be as long as the one expected: a dead token's is much shorter. */
function asPartner (post: PartnerPost, path: string, expected: string): Request {
  return async connection => {
    const { length } = await post(connection, path)
    if (length !== expected.length) throw new Error(`${path}: not the answer expected`)
  }
}

function asUser (token: string): Request {
  return async connection => { await connection.post('/', '', `authorization: Bearer ${token}`) }
}

/** Each answer's refresh token is the next request's: the token is always the newest. */
function refresh (member: Member): Request {
  return async connection => {
    member.refreshToken = await traded(connection, '/api/auth/refresh-token', member.refreshToken)
  }
}

/** The same bytes to and fro, but the request names the row. */
function update ({ key, refreshToken }: Member): Request {
  const name = `${key.accountId} ${key.sessionId} `.padEnd(refreshToken.length, '.')
  return async connection => { await traded(connection, '/refresh-token', name) }
}

async function traded (connection: Parameters<Request>[0], path: string, refreshToken: string): Promise<string> {
  const answer = JSON.parse(await connection.post(path, JSON.stringify({ refreshToken }))) as
    { data: { refreshToken: string } }
  return answer.data.refreshToken
}

function signIn ({ email }: Member): Request {
  const body = credentials(email)
  return async connection => { await connection.post('/api/auth/login', body) }
}
