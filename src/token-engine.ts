import fastifyJwt from '@fastify/jwt'
import Fastify from 'fastify'
import { accessTokenTypes, type JwsEngine, type JwsType, type KeyMaterial } from './core/keys/jws-engine.js'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    namespaces: JwsType
  }
}

const types = [...accessTokenTypes, 'secevent+jwt'] as const satisfies JwsType[]

/**
 * Opens an engine for one key: @fastify/jwt, registered for each type of token on an instance that never listens,
 * so that the key is prepared once. The core checks claims and times, by its own clock.
 * @throws Error when the key is not for its algorithm
 */
export async function openEngine (key: KeyMaterial): Promise<JwsEngine> {
  const app = Fastify()
  for (const typ of types) {
    await app.register(fastifyJwt, {
      namespace: typ,
      secret: secretOf(key),
      sign: { algorithm: key.algorithm, kid: key.kid, header: { alg: key.algorithm, typ } },
      verify: {
        algorithms: [key.algorithm], checkTyp: typ, ignoreExpiration: true, ignoreNotBefore: true, cache: false
      }
    })
  }
  await app.ready()

  return {
    // With options of their own, `sign` and `verify` would prepare the key again for each token.
    sign: (claims, typ) => app.jwt[typ].sign(claims),

    verify (token, typ = 'JWT') {
      try {
        return app.jwt[typ].verify<object>(token)
      } catch (error) {
        if (isRefusal(error)) return null
        throw error
      }
    },

    close: () => app.close()
  }
}

/** The engine takes keys as text only, and derives the key type from it. */
function secretOf ({ algorithm, signingKey, verifyingKey }: KeyMaterial) {
  return algorithm === 'HS256'
    ? signingKey.export()
    : {
        private: signingKey.export({ format: 'pem', type: 'pkcs8' }),
        public: verifyingKey.export({ format: 'pem', type: 'spki' })
      }
}

function isRefusal (error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('FAST_JWT_')
}
