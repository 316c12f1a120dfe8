import { optionalBodyKeyword, refusedByNode } from './describe-route.js'

interface Schema {
  [keyword: string]: unknown
}

interface Content {
  content?: Record<string, { schema?: Schema, [member: string]: unknown }>
  [member: string]: unknown
}

interface Operation {
  tags?: string[]
  parameters?: Array<{ schema?: Schema, [member: string]: unknown }>
  requestBody?: Content
  responses: Record<string, Content>
  [member: string]: unknown
}

/** An OpenAPI document, as far as schemas are in it. */
export interface SchemaDocument {
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: object, [kind: string]: unknown }
  [member: string]: unknown
}

/** Formats that only this server knows. */
const ownFormats = new Set<unknown>(['line', 'text', 'username'])

/**
 * Moves every schema with a `title` to `components.schemas` under that name, and refers to it. A name that several
 * contracts of a listener use is preceded by the contract's: `PartnerUser`.
 * @param first the contract whose shape has what the listener refuses by itself
 * @throws Error when two schemas of one contract have the same title
 */
export function nameSchemas (document: SchemaDocument, first: string): SchemaDocument {
  const paths = document.paths ?? {}
  const owners = new Map<string, Set<string>>()
  const schemas = new Map<string, Schema>()

  function collectOwners (schema: Schema, contract: string): Schema {
    const { title } = schema
    if (typeof title === 'string') owners.set(title, (owners.get(title) ?? new Set()).add(contract))
    return mapSchemas(schema, inner => collectOwners(inner, contract))
  }

  function named (schema: Schema, contract: string): Schema {
    const { title, ...rest } = mapSchemas(schema, inner => named(inner, contract))
    if (ownFormats.has(rest.format)) delete rest.format
    if (typeof title !== 'string') return rest
    const isShared = owners.get(title)?.size !== 1
    const prefix = isShared ? `${contract.slice(0, 1).toUpperCase()}${contract.slice(1)}` : ''
    const name = `${prefix}${title}`
    const known = schemas.get(name) ?? rest
    if (JSON.stringify(known) !== JSON.stringify(rest)) throw new Error(`${contract} has two schemas named "${title}"`)
    schemas.set(name, rest)
    return { $ref: `#/components/schemas/${name}` }
  }

  const changed = (change: typeof named) => mapValues(paths, methods => mapValues(methods, operation =>
    mapContents(operation, first, change)))
  changed(collectOwners)
  const namedPaths = changed(named)
  const sorted = Object.fromEntries([...schemas].sort(([a], [b]) => a < b ? -1 : 1))
  return { ...document, paths: namedPaths, components: { ...document.components, schemas: sorted } }
}

/** A copy of an operation with the schemas of its bodies changed. */
function mapContents (
  operation: Operation, first: string, change: (schema: Schema, contract: string) => Schema
): Operation {
  const { [optionalBodyKeyword]: optional, requestBody, responses, tags: [contract = ''] = [], ...rest } = operation
  const mapContent = (part: Content, contract: string): Content => part.content === undefined
    ? part
    : {
        ...part,
        content: mapValues(part.content, media =>
          media.schema === undefined ? media : { ...media, schema: change(media.schema, contract) })
      }
  const owner = (status: string) => Number(status) === refusedByNode.status ? first : contract
  return {
    ...rest,
    tags: [contract],
    ...(requestBody !== undefined && {
      requestBody: { ...mapContent(requestBody, contract), required: optional !== true }
    }),
    responses: Object.fromEntries(Object.entries(responses).map(([status, response]) =>
      [status, mapContent(response, owner(status))]))
  }
}

/** A copy of a schema with its direct inner schemas changed. */
function mapSchemas (schema: Schema, change: (inner: Schema) => Schema): Schema {
  return Object.fromEntries(Object.entries(schema).map(([keyword, value]) => {
    switch (keyword) {
      case 'properties': return [keyword, mapValues(value as Record<string, Schema>, change)]
      case 'anyOf': return [keyword, (value as Schema[]).map(change)]
      case 'items':
      case 'additionalProperties': return [keyword, change(value as Schema)]
      default: return [keyword, value]
    }
  }))
}

function mapValues<From, To> (record: Record<string, From>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
