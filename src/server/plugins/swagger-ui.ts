import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

const routePrefix = '/docs'

const icon = {
  filename: 'icon.svg',
  rel: 'icon',
  type: 'image/svg+xml',
  sizes: 'any',
  content: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#2f6f5e" stroke-width="4">' +
    '<circle cx="10" cy="16" r="7"/><path d="M17 16h13m-4 0v7m-5-7v5"/></svg>'
}

/** Where the icon of this page is; other pages may show it too. */
export const iconPath = `${routePrefix}/static/theme/${icon.filename}`

/** The page's own files and requests to its own server, nothing else. Its style is written into its elements. */
const contentSecurityPolicy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'"
}

/** Serves the page `/docs`, on which the OpenAPI document can be read and its operations tried out. */
export async function registerSwaggerUi (app: FastifyInstance, title: string): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix,
    theme: { title, favicon: [icon] },
    staticCSP: contentSecurityPolicy,
    uiConfig: {
      // Without the bar on which another document could be loaded.
      layout: 'BaseLayout',
      deepLinking: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      // A credential survives a reload. Also needed for a cookie: only then does the page set it in the browser.
      persistAuthorization: true,
      withCredentials: true
    }
  })
}
