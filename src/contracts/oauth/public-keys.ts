import type { Core } from '../../core/index.js'
import type { PublicJwk } from '../../core/keys/jwk.js'
import { HttpFailure } from '../../http/failure.js'

/** The keys that partners verify with. @throws HttpFailure `no_public_keys` where tokens are signed with a secret */
export function requirePublicKeys ({ keys }: Core): PublicJwk[] {
  const published = keys.published()
  if (published.length === 0) throw new HttpFailure('no_public_keys')
  return published
}
