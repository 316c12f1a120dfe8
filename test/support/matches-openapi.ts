import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Test } from 'tap'
import type { ContractName } from '../../src/contracts/index.js'
import type { Reply } from './http.js'

interface Validate {
  (value: unknown): boolean
  errors?: unknown
}

type Schema = { [keyword: string]: unknown }

interface Operation {
  operationId?: string
  summary?: string
  requestBody?: object
  security?: object[]
  responses: Record<string, { description?: string, content?: Record<string, { schema: Schema }> }>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
}

/** The validator that Fastify brings along, in the dialect of OpenAPI 3.1. */
const ajv = (() => {
  const fastify = createRequire(createRequire(import.meta.url).resolve('fastify'))
  const compiler = createRequire(fastify.resolve('@fastify/ajv-compiler'))
  const { Ajv2020 } = compiler('ajv/dist/2020') as {
    Ajv2020: new (options: object) => { compile (schema: Schema): Validate }
  }
  return new Ajv2020({ strict: false, validateFormats: false })
})()

const documents = new Map<ContractName, Document>()
const validators = new Map<Schema, Validate>()

/** The committed document of a contract. */
export function readDocument (contract: ContractName): Document {
  const known = documents.get(contract)
  if (known !== undefined) return known
  const text = readFileSync(new URL(`../../openapi/${contract}.json`, import.meta.url), 'utf8')
  const document = JSON.parse(text) as Document
  documents.set(contract, document)
  return document
}

/**
 * Checks that a reply is one that the committed document of the contract allows: its status, its media type and its
 * body, in which a member that the document does not name is a fault. A `route` is `POST /api/auth/login`.
 */
export function matchesOpenapi (t: Test, contract: ContractName, route: string, reply: Reply): void {
  const [method = '', path = ''] = route.split(' ')
  const response = readDocument(contract).paths[path]?.[method.toLowerCase()]?.responses[reply.status]
  const mediaType = reply.headers.get('content-type')?.split(';')[0] ?? ''
  const schema = response?.content?.[mediaType]?.schema
  if (schema === undefined) {
    t.fail(`openapi/${contract}.json: ${route} has no ${reply.status} of type ${mediaType}`)
    return
  }
  const validate = validators.get(schema) ?? ajv.compile(closed(schema) as Schema)
  validators.set(schema, validate)
  t.ok(validate(reply.body), `${route} ${reply.status}: openapi/${contract}.json`, { errors: validate.errors })
}

/** The schema with no room for members it does not name. */
function closed (schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema ? { ...members, additionalProperties: false } : members
}
