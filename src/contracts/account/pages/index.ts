import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import type { ContractOptions } from '../../../http/contract.js'
import { contentSecurityPolicy, toPage, type Action } from './html.js'
import { pageTexts, type PageName } from './texts.js'

const actions: Record<Exclude<PageName, 'link'>, string> = {
  verify: '/api/account/email-verification/confirm',
  reset: '/api/account/password-reset/confirm',
  email: '/api/account/email/confirm',
  undo: '/api/account/email/undo'
}

/** Of contract `session`, whose cookie it sets. */
const signInToBrowser = '/api/auth/magic-link/verify'

/** From `src/` and from `dist/` alike. */
const assets = new URL('../../../../src/contracts/account/pages/assets/', import.meta.url)

const types = { 'page.js': 'text/javascript; charset=utf-8', 'page.css': 'text/css; charset=utf-8' }

/** The pages that links in mails open, where the operator has none: they show a button, and the button acts. */
export async function pageRoutes (app: FastifyInstance, { contracts }: Pick<ContractOptions, 'contracts'>) {
  const actionOf = (name: PageName): Action => {
    if (name !== 'link') return actions[name]
    return contracts.includes('session') ? signInToBrowser : null
  }

  for (const name of Object.keys(pageTexts) as PageName[]) {
    const html = toPage(name, actionOf(name))
    app.get(`/account/${name}`, { schema: { hide: true } }, (_request, reply) =>
      reply.header('content-security-policy', contentSecurityPolicy).type('text/html; charset=utf-8').send(html))
  }
  for (const [name, type] of Object.entries(types)) {
    const text = readFileSync(new URL(name, assets))
    app.get(`/account/${name}`, { schema: { hide: true } }, (_request, reply) => reply.type(type).send(text))
  }
}
