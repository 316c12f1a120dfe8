import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { HttpFailure } from '../../http/failure.js'
import type { AdminOptions } from './operator.js'

/** What `npm run build` makes of `console/`; from `src/` and from `dist/` alike. */
const folder = new URL('../../../dist/console/', import.meta.url)

const files = {
  '/admin/ui': ['index.html', 'text/html; charset=utf-8'],
  '/admin/ui/console.js': ['console.js', 'text/javascript; charset=utf-8'],
  '/admin/ui/console.css': ['console.css', 'text/css; charset=utf-8']
} as const

/** Its own script and style, and requests to this contract; it is shown in no frame, and no form leaves it. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** The console: pages that use this contract, and hold nothing themselves. They are there where it is. */
export async function consoleRoutes (app: FastifyInstance, { guard }: Pick<AdminOptions, 'guard'>): Promise<void> {
  for (const [path, [name, type]] of Object.entries(files)) {
    const text = readFileSync(new URL(name, folder))
    app.get(path, {
      schema: { hide: true },
      onRequest: async () => {
        if (!await guard.canAdminister()) throw new HttpFailure('unknown_route')
      }
    }, (_request, reply) =>
      reply.header('content-security-policy', contentSecurityPolicy).type(type).send(text))
  }
}
