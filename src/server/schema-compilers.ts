import createValidators from '@fastify/ajv-compiler'
import createSerializers from '@fastify/fast-json-stringify-compiler'
import type { FastifyServerOptions } from 'fastify'
import { failureCodesKeyword } from '../http/failure-schemas.js'

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>
type BuildSerializer = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildSerializer']>
type Serializer = ReturnType<ReturnType<BuildSerializer>>

/*
 * Fastify's own compilers, once for all listeners of the process. Routes share most of their response schemas, above
 * all those of failures: compiled for each route by itself they took half of the time in which a server starts.
 */
const buildSerializers = createSerializers()
const serializers = new Map<string, Serializer>()

const buildSerializer: BuildSerializer = (externalSchemas, options) => {
  const compile = buildSerializers(externalSchemas, options)
  return route => {
    const key = JSON.stringify(route.schema, withoutCodes)
    const serializer = serializers.get(key) ?? compile(route)
    serializers.set(key, serializer)
    return serializer
  }
}

/** The codes of a failure are for the documents: what is sent depends on the rest of the schema only. */
function withoutCodes (keyword: string, value: unknown): unknown {
  return keyword === failureCodesKeyword ? undefined : value
}

/** For Fastify's option `schemaController`. */
export const schemaController = {
  compilersFactory: { buildValidator: createValidators(), buildSerializer }
} satisfies SchemaController
