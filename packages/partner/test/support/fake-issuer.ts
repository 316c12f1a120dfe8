import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Test } from 'tap'
import { createPartner, type PartnerOptions } from '../../src/index.js'

export const issuer = 'https://auth.example.com'

type Answer = (body: Record<string, unknown>) => Response | Promise<Response>

/** An issuer without a network: a test says what it answers, and can take it away. */
export async function fakeIssuer () {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const other = await generateKeyPair('ES256')
  const jwk = { ...await exportJWK(publicKey), kid: 'one', alg: 'ES256', use: 'sig' }
  const requests: string[] = []
  const state = { isDown: false, isActive: true, keys: [jwk] as object[] }
  const events: Array<Record<string, string>> = []
  const polls: Array<Record<string, unknown>> = []
  const metadata = {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    introspection_endpoint: `${issuer}/introspect`,
    token_endpoint: `${issuer}/token`
  }

  async function poll (body: Record<string, unknown>): Promise<Response> {
    polls.push(body)
    const [sets] = events.splice(0, 1)
    if (sets === undefined && body.returnImmediately !== true) await new Promise(resolve => { setTimeout(resolve, 20) })
    return Response.json({ sets: sets ?? {} })
  }

  const routes: Record<string, Answer> = {
    '/.well-known/oauth-authorization-server': () => Response.json(metadata),
    '/.well-known/ssf-configuration': () => Response.json({ configuration_endpoint: `${issuer}/streams` }),
    '/streams': () => Response.json({ delivery: { endpoint_url: `${issuer}/poll` } }, { status: 201 }),
    '/poll': poll,
    '/jwks': () => Response.json({ keys: state.keys }),
    '/introspect': () => Response.json({ active: state.isActive })
  }

  async function fetch (input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    if (pathname !== '/poll') requests.push(pathname)
    if (state.isDown) throw new TypeError('fetch failed')
    init.signal?.throwIfAborted()
    const text = typeof init.body === 'string' ? init.body : '{}'
    const answer = routes[pathname]
    if (answer === undefined) return Response.json({ error: 'not_found' }, { status: 404 })
    const aborted = new Promise<never>((_resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))
    })
    return Promise.race([answer(JSON.parse(text) as Record<string, unknown>), aborted])
  }

  const sign = (claims: object, { kid = 'one', typ = 'JWT', key = privateKey } = {}) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid, typ }).sign(key)

  return {
    state,
    routes,
    metadata,
    requests,
    polls,
    otherKey: other.privateKey,
    publicJwk: async () => exportJWK(other.publicKey),
    fetch,

    token: (claims: object = {}, header: Parameters<typeof sign>[1] = {}) => {
      const iat = Math.floor(Date.now() / 1000)
      return sign({
        iss: issuer, aud: issuer, sub: 'account', sid: randomUUID(), jti: randomUUID(), iat, exp: iat + 60, ...claims
      }, header)
    },

    /** Sends an event about a subject with the next poll. */
    async send (subject: object, header: Parameters<typeof sign>[1] = { typ: 'secevent+jwt' }): Promise<string> {
      const jti = randomUUID()
      events.push({ [jti]: await sign({ iss: issuer, jti, sub_id: subject, events: {} }, header) })
      return jti
    }
  }
}

export type FakeIssuer = Awaited<ReturnType<typeof fakeIssuer>>

/** A partner of it, which is closed after the test. */
export function partnerOf (t: Test, { fetch }: FakeIssuer, more: Partial<PartnerOptions> = {}) {
  const errors: unknown[] = []
  const partner = createPartner({
    issuer, clientId: 'client', clientSecret: 'secret', fetch, onError: error => errors.push(error), ...more
  })
  t.teardown(partner.close)
  return { partner, errors }
}
