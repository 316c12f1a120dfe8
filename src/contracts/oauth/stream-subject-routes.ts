import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { isUuid } from '../../core/lib/uuid.js'
import type { EventSubject } from '../../core/security-events/subjects.js'
import type { ContractOptions } from '../../http/contract.js'
import { HttpFailure } from '../../http/failure.js'
import { bodyFailures } from '../../http/failure-schemas.js'
import { noStore } from '../../http/no-store.js'
import { authenticateReceiver, receiverSecurity } from './client-authentication.js'
import { requirePublicKeys } from './public-keys.js'
import { failures, receiverFailures } from './schemas.js'
import { Empty, SubjectChange, type Subject } from './stream-schemas.js'

const shared = { tags: ['oauth'], security: receiverSecurity, body: SubjectChange }
const subjectFailures = [...bodyFailures, ...receiverFailures, 'stream_not_found'] as const

/** Whom the events of a stream are about (OpenID Shared Signals Framework 1.0, section 8.1.3). */
export const streamSubjectRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (
  app, { core, settings: { issuer } }
) => {
  app.addHook('onRequest', noStore)
  app.addHook('preHandler', async () => { requirePublicKeys(core) })

  app.post('/ssf/subjects/add', {
    schema: {
      ...shared,
      operationId: 'ssfAddSubject',
      summary: 'Send events about a subject again (SSF 1.0, section 8.1.3.2)',
      description: 'All subjects are in the stream until they are removed. An id that does not exist is taken, too.',
      response: { 200: Empty, ...failures(...subjectFailures) }
    }
  }, async request => {
    const { receiver } = await authenticateReceiver(core, request, request.body)
    await receiver.stream.get(request.body.stream_id)
    await receiver.subjects.add(toEventSubject(request.body.subject, issuer))
    return {}
  })

  app.post('/ssf/subjects/remove', {
    schema: {
      ...shared,
      operationId: 'ssfRemoveSubject',
      summary: 'Send no more events about a subject (SSF 1.0, section 8.1.3.3)',
      description: 'A removed account takes its sessions with it. An id that does not exist is taken, too.',
      response: {
        204: Type.Null({ description: 'Its events are not sent' }),
        ...failures(...subjectFailures, 'subject_limit_reached')
      }
    }
  }, async (request, reply) => {
    const { receiver } = await authenticateReceiver(core, request, request.body)
    await receiver.stream.get(request.body.stream_id)
    await receiver.subjects.remove(toEventSubject(request.body.subject, issuer))
    return reply.code(204).send(null)
  })
}

type Subject = Static<typeof Subject>

/** Subjects as the events name them: an account, or an account and a session of it. */
function toEventSubject (subject: Subject, issuer: string): EventSubject {
  if (subject.format === 'complex') {
    const { user = {}, session = {} } = subject as { user?: Partial<Subject>, session?: Record<string, unknown> }
    if (session.format !== 'opaque' || !isId(session.id)) throw invalid('session must be { "format": "opaque", "id" }')
    return { accountId: accountIdOf(user, issuer), sessionId: session.id }
  }
  return { accountId: accountIdOf(subject, issuer) }
}

function accountIdOf ({ format, iss, sub }: Partial<Subject>, issuer: string): string {
  if (format !== 'iss_sub' || !isId(sub)) throw invalid('must be { "format": "iss_sub", "iss", "sub" }, or complex')
  if (iss !== issuer) throw invalid(`has another iss than ${issuer}`)
  return sub
}

const isId = (value: unknown): value is string => typeof value === 'string' && isUuid(value)

const invalid = (fault: string) => new HttpFailure('invalid_body', { description: `subject ${fault}` })
