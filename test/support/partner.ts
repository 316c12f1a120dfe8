import { randomUUID } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import type { Test } from 'tap'
import { clientGrants, clientPermissions, type NewClient } from '../../src/core/partners/clients.js'
import { clientInfo } from './accounts.js'
import { build, type BuildOptions, type TestServer } from './build.js'
import { post, send } from './http.js'
import { freePort } from './postgres-server.js'

/** Tests speak plain HTTP. */
export const insecure = { [oauth.allowInsecureRequests]: true }

/** A client as its service knows it. */
export interface Partner {
  id: string
  secret: string
  audience: string
  /** As oauth4webapi wants it. */
  client: oauth.Client
}

/** A client that may do everything. */
export async function newPartner ({ core }: TestServer, more: Partial<NewClient> = {}): Promise<Partner> {
  const { client, secret } = await core.partners.clients.add({
    name: 'SeshTracker',
    grantTypes: [...clientGrants],
    permissions: [...clientPermissions],
    audience: `https://${randomUUID()}.example`,
    scopes: ['sessions:read', 'sessions:write'],
    ...more
  }, clientInfo)
  return { id: client.id, secret: secret ?? '', audience: client.audience, client: { client_id: client.id } }
}

/** The header of `client_secret_basic` (RFC 6749 2.3.1). */
export function basic ({ id, secret }: { id: string, secret: string }): Record<string, string> {
  const pair = [id, secret].map(encodeURIComponent).join(':')
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

export interface Events {
  sets: Record<string, string>
  moreAvailable: boolean
}

/** Polls as RFC 8936 2.4 has it. */
export async function poll (issuer: string, partner: Partner, request: object): Promise<Events> {
  const { status, body, text } = await post(`${issuer}/oauth/events`, request, basic(partner))
  if (status !== 200) throw new Error(`could not poll: ${status} ${text}`)
  return body as Events
}

/** A server at its PUBLIC_URL, discovered by oauth4webapi, with one partner. */
export async function buildForPartner (t: Test, options: BuildOptions = {}) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const server = await build(t, {
    ...options,
    settings: {
      issuer,
      listen: [{ host: '127.0.0.1', port, contracts: ['partner', 'spa', 'session', 'oauth'] }],
      ...options.settings
    }
  })
  const url = new URL(issuer)
  const as = await oauth.processDiscoveryResponse(url,
    await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...insecure }))
  /** Posts a form to one of its routes. */
  const form = (path: string, parameters: Record<string, string>, headers: Record<string, string> = {}) =>
    send(issuer + path, { method: 'POST', body: new URLSearchParams(parameters), headers })
  return { server, issuer, as, partner: await newPartner(server), form }
}
