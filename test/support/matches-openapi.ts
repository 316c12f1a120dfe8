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

interface Media {
  schema: Schema
  example?: unknown
  examples?: Record<string, { value: unknown }>
}

interface Response {
  description?: string
  content?: Record<string, Media>
}

export interface Operation {
  operationId: string
  summary?: string
  description?: string
  parameters?: Array<{ name: string, in: string, example?: unknown }>
  requestBody?: { required: boolean, content: Record<string, Media> }
  security?: object[]
  responses: Record<string, Response>
}

export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, Schema>
    securitySchemes: Record<string, object>
  }
}

/** The validator that Fastify brings along, in the dialect of OpenAPI 3.1. */
const ajv = (() => {
  const fastify = createRequire(createRequire(import.meta.url).resolve('fastify'))
  const compiler = createRequire(fastify.resolve('@fastify/ajv-compiler'))
  const { Ajv2020 } = compiler('ajv/dist/2020') as {
    Ajv2020: new (options: object) => {
      addSchema (schema: object, name: string): void
      compile (schema: Schema): Validate
    }
  }
  return new Ajv2020({ strict: false, validateFormats: false, validateSchema: false })
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
  ajv.addSchema(closed(document) as object, contract)
  return document
}

/** What a document says of a status of a route. */
export function responseOf (contract: ContractName, route: string, status: number): Response | undefined {
  const [method = '', path = ''] = route.split(' ')
  return readDocument(contract).paths[path]?.[method.toLowerCase()]?.responses[status]
}

/** What is wrong with a value by a schema of a contract's document, where a member without a name there is wrong. */
export function problemsOf (contract: ContractName, schema: Schema, value: unknown): unknown {
  const validate = validators.get(schema) ?? ajv.compile(absolute(contract, closed(schema)) as Schema)
  validators.set(schema, validate)
  return validate(value) ? null : validate.errors
}

/**
 * Checks that a reply is one that the committed document of the contract allows: its status, its media type and its
 * body, in which a member that the document does not name is a fault; and that a refusal is one that the route
 * declares. A `route` is `POST /api/auth/login`.
 */
export function matchesOpenapi (t: Test, contract: ContractName, route: string, reply: Reply): void {
  const mediaType = reply.headers.get('content-type')?.split(';')[0] ?? ''
  const media = responseOf(contract, route, reply.status)?.content?.[mediaType]
  if (media === undefined) {
    t.fail(`openapi/${contract}.json: ${route} has no ${reply.status} of type ${mediaType}`)
    return
  }
  const errors = problemsOf(contract, media.schema, mediaType === 'application/json' ? reply.body : reply.text)
  t.equal(errors, null, `${route} ${reply.status}: openapi/${contract}.json`, { errors })
  if (reply.status < 400) return
  const declared = Object.values(media.examples ?? {}).map(({ value }) => refusal(value))
  t.ok(declared.includes(refusal(reply.body)), `${route} ${reply.status}: the route declares ${refusal(reply.body)}`)
}

/** Which refusal a body is: its code if the contract has codes, else its words. A list of problems is one refusal. */
function refusal (body: unknown): string {
  const { error, detail, ...rest } = body as Record<string, unknown>
  const { code = error } = typeof error === 'object' ? error as Record<string, unknown> : rest
  return String(code ?? (Array.isArray(detail) ? 'problems' : detail))
}

/** The schema with references to the contract's document. */
function absolute (contract: ContractName, schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#', `"$ref":"${contract}#`))
}

/** The schema with no room for members it does not name. */
function closed (schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema ? { ...members, additionalProperties: false } : members
}
