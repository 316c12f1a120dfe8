import type { FastifyInstance } from 'fastify'
import { HttpFailure } from '../../http/failure.js'

/**
 * Reads forms as RFC 6749 3.2 has them: a parameter without a value counts as left out, and one that is repeated
 * is refused. Only this contract takes forms.
 */
export function takeForms (app: FastifyInstance): void {
  const form = 'application/x-www-form-urlencoded'
  app.removeContentTypeParser(form)
  app.addContentTypeParser(form, { parseAs: 'string' }, (_request, body, done) => {
    const parameters = [...new URLSearchParams(String(body))].filter(([, value]) => value !== '')
    const names = parameters.map(([name]) => name)
    const repeated = names.find((name, index) => names.indexOf(name) < index)
    if (repeated !== undefined) return done(new HttpFailure('invalid_body', { description: `${repeated} is repeated` }))
    return done(null, Object.fromEntries(parameters))
  })
}
