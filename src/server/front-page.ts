import type { FastifyInstance, FastifyRequest } from 'fastify'
import { contracts, type ContractName } from '../contracts/index.js'
import { version } from '../version.js'
import { contentSecurityPolicy, toHtml } from './front-page-html.js'

/** Where a listener is, and what is served there. */
export interface Listening {
  url: string
  contracts: readonly string[]
}

export interface FrontPageNeeds {
  contracts: readonly ContractName[]
  publicUrl: string
  /** The listeners of this process, each as soon as it is open. */
  listeners: readonly Listening[]
  hasDocs: boolean
}

/** The description of a listener. */
export interface FrontPage {
  name: 'Keyturn'
  version: string
  contracts: Array<{ name: string, description: string }>
  links: Record<string, string>
  listeners?: readonly Listening[]
}

const docsLinks = { documentation: '/docs', openapi: '/openapi.json' } as const

/** The routes of contract `ops`, by what they are for. */
const operatorLinks = { liveness: '/livez', readiness: '/readyz', metrics: '/metrics' } as const

/** Answers `GET /`: a page for a browser, the same as JSON for a client. */
export function serveFrontPage (app: FastifyInstance, needs: FrontPageNeeds): void {
  app.get('/', { schema: { hide: true } }, (request, reply) => {
    const page = describe(needs)
    // CORS may have set one already.
    reply.header('vary', [reply.getHeader('vary'), 'Accept'].flat().filter(Boolean).join(', '))
    reply.header('cache-control', 'no-cache')
    if (!prefersHtml(request)) return reply.send(page)
    return reply.header('content-security-policy', contentSecurityPolicy)
      .type('text/html; charset=utf-8').send(toHtml(page))
  })
}

function describe ({ contracts: names, publicUrl, listeners, hasDocs }: FrontPageNeeds): FrontPage {
  const others = names.includes('ops') || isThisMachine(publicUrl)
    ? listeners.filter(({ contracts }) => contracts !== names)
    : null
  const ops = names.includes('ops') ? '' : others?.find(listener => listener.contracts.includes('ops'))?.url
  return {
    name: 'Keyturn',
    version,
    contracts: names.map(name => ({ name, description: contracts[name].description })),
    links: {
      ...(hasDocs && docsLinks),
      ...(ops !== undefined && Object.fromEntries(
        Object.entries(operatorLinks).map(([name, path]) => [name, `${ops}${path}`])))
    },
    ...(others !== null && { listeners: others })
  }
}

/**
 * Whether Keyturn is reached from this machine only, so that its other listeners are no secret. With a public address
 * strangers come through a proxy, and no header distinguishes them reliably from the operator: they see only
 * what their own listener serves. The listener with contract `ops` is never public, and shows all.
 */
function isThisMachine (publicUrl: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(publicUrl).hostname)
}

/** Whether HTML is accepted, and JSON is not preferred (RFC 9110 12.5.1). A client that accepts anything gets JSON. */
function prefersHtml ({ headers: { accept = '' } }: FastifyRequest): boolean {
  const weights = new Map(accept.toLowerCase().split(',').map((range): [string, number] => {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim())
    return [type, Number(parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? 1)]
  }))
  const html = weights.get('text/html') ?? 0
  return html > 0 && html >= (weights.get('application/json') ?? 0)
}
