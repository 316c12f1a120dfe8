import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'

/** Of a list: how much of it, and from where. The cursor is microseconds since 1970 and the id of the last row seen. */
export const pageQuery = (options: { max: number, standard?: number, id: string, cursorFrom: string }) => Type.Object({
  limit: Type.Optional(Type.Integer({
    minimum: 1,
    maximum: options.max,
    default: options.standard ?? options.max,
    description: 'The size of a page',
    examples: [50]
  })),
  cursor: Type.Optional(Type.String({
    pattern: '^[0-9]{1,16}_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    description: `Where the page begins, from ${options.cursorFrom}`,
    examples: [`1768213800000000_${options.id}`]
  }))
})

/** A query is text; an integer in its one spelling becomes a number, so that its schema can say its bounds. */
export async function readLimit ({ query }: FastifyRequest): Promise<void> {
  const parameters = query as Record<string, unknown>
  const { limit } = parameters
  if (typeof limit === 'string' && /^(?:0|-?[1-9][0-9]*)$/.test(limit)) parameters.limit = Number(limit)
}
