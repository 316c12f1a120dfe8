import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { Provider, errors, type Client, type ResourceServer } from 'oidc-provider'
import { Pool } from 'pg'
import { createOidcTable, oidcAdapter } from './oidc-adapter.js'
import type { OidcNeeds, OidcTokens } from './oidc-provider.js'

/*
 * A process of its own: oidc-provider as its documentation sets it up, on an adapter for Postgres. Its access tokens
 * are made as Keyturn's for one resource, and are looked up for the other, since it introspects no JWT.
 */

const { port, databaseUrl, poolMax, client, accounts } = JSON.parse(process.argv[2] ?? '') as OidcNeeds
const issuer = `http://127.0.0.1:${port}`
const gty = 'authorization_code'

const resources: Record<'signed' | 'opaque', { url: string, server: ResourceServer }> = {
  signed: {
    url: 'https://signed.example.com',
    server: { scope: 'read', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }
  },
  opaque: { url: 'https://opaque.example.com', server: { scope: 'read', accessTokenFormat: 'opaque' } }
}

// While others are measured the pool must not be emptied: connecting again would cost the next round.
const pool = new Pool({ connectionString: databaseUrl, max: poolMax, idleTimeoutMillis: 0 })
await createOidcTable(pool)

const provider = new Provider(issuer, {
  adapter: oidcAdapter(pool),
  clients: [{
    client_id: client.id,
    client_secret: client.secret,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['https://app.example.com/callback'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256'
  }],
  jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo (_context, indicator) {
        const resource = Object.values(resources).find(({ url }) => url === indicator)
        if (resource === undefined) throw new errors.InvalidTarget()
        return resource.server
      }
    }
  }
})

/** What the end of a sign-in leaves in the database. */
async function grant (accountId: string, resource: string): Promise<string> {
  const made = new provider.Grant({ accountId, clientId: client.id })
  made.addOIDCScope('offline_access')
  made.addResourceScope(resource, 'read')
  return made.save()
}

async function refreshToken (owner: Client, accountId: string): Promise<string> {
  const resource = resources.signed.url
  const grantId = await grant(accountId, resource)
  return new provider.RefreshToken({
    accountId, client: owner, grantId, gty, resource, rotations: 0, scope: 'offline_access read'
  }).save()
}

async function accessToken (owner: Client, accountId: string): Promise<string> {
  const { url, server } = resources.opaque
  const grantId = await grant(accountId, url)
  const resourceServer = new provider.ResourceServer(url, server)
  return new provider.AccessToken({ accountId, client: owner, grantId, gty, resourceServer, scope: 'read' }).save()
}

const owner = await provider.Client.find(client.id)
if (owner === undefined) throw new Error('the client is not there')
const tokens: OidcTokens = {
  refreshTokens: await Promise.all(accounts.map(accountId => refreshToken(owner, accountId))),
  accessToken: await accessToken(owner, accounts[0] ?? '')
}
provider.listen(port, '127.0.0.1', () => { process.send?.(tokens) })
process.on('disconnect', () => process.exit())
