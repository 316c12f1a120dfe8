import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'

/** For replies that are data: a browser that is made to show one loads and runs nothing. Pages have their own. */
const ofData = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] }

/** Two years, the least that browsers' preload lists accept. */
const strictTransportLifetime = 63_072_000

/**
 * Sets the headers that keep browsers from guessing, framing and leaking (OWASP ASVS 3.4).
 * @param publicUrl whose https makes browsers use nothing else for it from then on (HSTS, RFC 6797)
 */
export async function registerHelmet (app: FastifyInstance, publicUrl: string): Promise<void> {
  const headers = await headersOf({
    contentSecurityPolicy: { useDefaults: false, directives: ofData },
    strictTransportSecurity: publicUrl.startsWith('https:') && { maxAge: strictTransportLifetime },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    // What is left out concerns pages that open windows, or browsers that are gone.
    crossOriginEmbedderPolicy: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false
  })
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}

/**
 * The headers that helmet sets, the same for every reply. It puts them together again for each, which takes half as
 * long as a cached validation (bench/profile.md): so it is asked once, on an instance that never listens.
 */
async function headersOf (options: FastifyHelmetOptions): Promise<Record<string, string>> {
  const asked = Fastify()
  await asked.register(helmet, options)
  asked.get('/', (_request, reply) => reply.raw.getHeaders())
  const reply = await asked.inject('/')
  await asked.close()
  return reply.json<Record<string, string>>()
}
