import { InvalidToken } from './invalid-token.js'
import { createPartner, type Account, type PartnerOptions } from './partner.js'

const bearer = /^Bearer +([\w.~+/-]+=*)$/i

/** What a web framework needs of a partner: who a request is of, and the metadata of the service (RFC 9728). */
export function createProtectedResource (options: PartnerOptions) {
  const partner = createPartner(options)
  const { audience = '', issuer } = options
  const resource = URL.canParse(audience) ? new URL(audience) : null
  const path = `/.well-known/oauth-protected-resource${resource?.pathname.replace(/\/$/, '') ?? ''}`
  const resourceMetadata = resource === null ? undefined : `${resource.origin}${path}`

  return {
    partner,

    /** The metadata and its path; `null` without an audience that is a URL. */
    metadata: resource === null
      ? null
      : { path, body: { resource: audience, authorization_servers: [issuer], bearer_methods_supported: ['header'] } },

    /** @throws InvalidToken */
    async authenticate (authorization: string | undefined): Promise<Account> {
      const [, token] = bearer.exec(authorization ?? '') ?? []
      if (token === undefined) throw new InvalidToken('missing', { resourceMetadata })
      try {
        return await partner.verify(token)
      } catch (error) {
        const { reason, cause } = error as InvalidToken
        throw new InvalidToken(reason, { resourceMetadata, cause })
      }
    },

    /** @throws InvalidToken `insufficient_scope` */
    requireScopes ({ scopes }: Account, needed: readonly string[]): void {
      if (needed.every(scope => scopes.includes(scope))) return
      throw new InvalidToken('insufficient_scope', { scope: needed.join(' '), resourceMetadata })
    }
  }
}
