import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/** For replies that are data: a browser that is made to show one loads and runs nothing. Pages have their own. */
const ofData = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] }

/** Two years, the least that browsers' preload lists accept. */
const strictTransportLifetime = 63_072_000

/**
 * Sets the headers that keep browsers from guessing, framing and leaking (OWASP ASVS 3.4).
 * @param publicUrl whose https makes browsers use nothing else for it from then on (HSTS, RFC 6797)
 */
export async function registerHelmet (app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(helmet, {
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
}
