import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { KeyedRequest } from '../../core/operators/idempotency.js'
import type { AdminOptions } from './operator.js'

/** Headers of a reply that belong to what it says. */
const keptHeaders = ['content-type', 'location', 'etag']

/**
 * Whether the same request would be answered the same way again: a server that could not answer may do it the next
 * time.
 */
const isFinal = (status: number) => status < 500 && status !== 429

/**
 * Hooks of routes that make something: a request that has an Idempotency-Key and is sent again, because its reply was
 * lost, is not done again but answered as it was.
 */
export function answerOnce (
  app: FastifyInstance, { core, guard, log }: Pick<AdminOptions, 'core' | 'guard' | 'log'>
): void {
  const { idempotency } = core.operators
  const begun = new WeakMap<FastifyRequest, KeyedRequest>()

  app.addHook('preHandler', async (request, reply) => {
    const { 'idempotency-key': key } = request.headers
    if (request.method !== 'POST' || typeof key !== 'string') return
    const { method, url, body } = request
    const keyed = { actor: guard.actorOf(request), key, content: JSON.stringify([method, url, body]) }
    const former = await idempotency.begin(keyed)
    if (former === null) {
      begun.set(request, keyed)
      return
    }
    return reply.code(former.status).headers({ ...former.headers, 'idempotent-replayed': 'true' }).send(former.body)
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const keyed = begun.get(request)
    if (keyed === undefined) return
    // What was done stays done, so its reply is sent whether it can be kept or not.
    await keep(keyed, reply, payload as string).catch((error: unknown) => {
      log.warn({ reqId: request.id, err: error }, 'the reply to a request with an Idempotency-Key was not kept')
    })
  })

  async function keep (keyed: KeyedRequest, reply: FastifyReply, body: string): Promise<void> {
    if (!isFinal(reply.statusCode)) return idempotency.forget(keyed)
    const headers = Object.entries(reply.getHeaders()).filter(([name]) => keptHeaders.includes(name))
    await idempotency.finish(keyed, {
      status: reply.statusCode, headers: Object.fromEntries(headers) as Record<string, string>, body
    })
  }
}
