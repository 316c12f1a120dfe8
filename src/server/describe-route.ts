import type { FastifySchema } from 'fastify'
import { contracts, type ContractName } from '../contracts/index.js'
import type { Contract } from '../http/contract.js'
import type { Failure, FailureCode, Problem } from '../http/failure.js'
import { codeErrorReasons } from '../core/errors.js'
import { failureDefaults } from '../http/failure-defaults.js'
import { failureCodesKeyword } from '../http/failure-schemas.js'

interface JsonSchema {
  [keyword: string]: unknown
  type?: string
  format?: string
  minLength?: number
  properties?: Record<string, JsonSchema>
  anyOf?: JsonSchema[]
  required?: string[]
}

/** The schema of a route, with the members that only the documents use. */
export interface RouteSchema extends FastifySchema {
  tags?: readonly string[]
  body?: JsonSchema
  params?: JsonSchema
  querystring?: JsonSchema
  response?: Record<string, JsonSchema>
  /** An optional body; without `body` it is not validated. */
  optionalBody?: JsonSchema
  /** Request bodies by name, where one example would not do. */
  requestExamples?: Record<string, object>
}

/** Marks an operation whose body may be left out; `nameSchemas` takes it away again. */
export const optionalBodyKeyword = 'x-optional-body'

/** What Node refuses before any route, so that it is answered in the shape of the listener's first contract. */
export const refusedByNode = { status: 431, code: 'headers_too_large' } as const

/** A route's schema as its document shows it: with examples of each failure, rendered as they are sent. */
export function describeRoute (schema: RouteSchema, first: ContractName): RouteSchema {
  const { optionalBody, requestExamples, response = {}, ...rest } = schema
  const own = contracts[schema.tags?.[0] as ContractName]
  const responses = Object.entries(response)
    .map(([status, body]): [string, JsonSchema] => [status, describeFailures(body, own, schema)])
  const isRefusable = responses.some(([status]) => status.startsWith('4'))
  return {
    ...rest,
    ...(requestExamples !== undefined && {
      body: { ...schema.body, 'x-examples': namedExamples(Object.entries(requestExamples)) }
    }),
    ...(optionalBody !== undefined && { body: optionalBody, [optionalBodyKeyword]: true }),
    response: { ...Object.fromEntries(responses), ...(!isRefusable && refusal(contracts[first])) }
  }
}

/** Only for a route without input to validate; elsewhere it would mix the shapes of two contracts. */
function refusal (contract: Contract): Record<string, JsonSchema> {
  const { status, code } = refusedByNode
  return { [status]: describeFailures(contract.failures(code)[status] as JsonSchema, contract, {}) }
}

const namedExamples = (bodies: ReadonlyArray<readonly [name: string, value: object]>) =>
  Object.fromEntries(bodies.map(([name, value]) => [name, { value }]))

function describeFailures (body: JsonSchema, { render }: Contract, schema: RouteSchema): JsonSchema {
  const { [failureCodesKeyword]: codes, ...rest } = body as JsonSchema & { [failureCodesKeyword]?: FailureCode[] }
  if (codes === undefined) return body
  const messages = codes.map(code => failureDefaults[code][1].replace(/\.$/, ''))
  const problems = problemsOf(schema)
  const bodies = codes.map(code => [code, render(failureOf(code, problems.slice(0, 1))).body] as const)
  // Problems and reasons that the contract has codes of their own for.
  const ofProblems = problems
    .map(problem => render({ code: 'invalid_body', problems: [problem] }).body)
    .filter(body => codes.includes('invalid_body') && ![undefined, 'VALIDATION_ERROR'].includes(codeOf(body)))
  const ofCodes = codeErrorReasons
    .map(reason => render({ code: 'invalid_code', reason }).body)
    .filter(body => codes.includes('invalid_code') && codeOf(body) !== codeOf(render({ code: 'invalid_code' }).body))
  const own = [...ofProblems, ...ofCodes]
  return {
    ...rest,
    'x-response-description': `${messages.join('. ')}.`,
    'x-examples': namedExamples([...bodies, ...own.map(body => [String(codeOf(body)), body] as const)])
  }
}

/** The code of a refusal, in its envelope if it has one. */
function codeOf (body: { code?: string, error?: unknown }): string | undefined {
  return typeof body.error === 'object' ? (body.error as { code?: string }).code : body.code
}

/** An example of a failure. */
function failureOf (code: FailureCode, problems: Problem[]): Failure {
  if (code === 'invalid_body') return { code, problems }
  return code === 'invalid_token' || code === 'invalid_refresh_token' ? { code, reason: 'expired' } : { code }
}

/** One problem for each rule that a request can break, of its body if it has one. */
function problemsOf ({ body, params, querystring }: RouteSchema): Problem[] {
  const part = body !== undefined ? 'body' : params !== undefined ? 'path' : 'query'
  const { anyOf: [choice] = [], ...whole }: JsonSchema = { ...querystring, ...params, ...body }
  const { properties = {}, required = [] } = choice ?? whole
  return Object.entries(properties).flatMap(([name, { minLength, format, type }]) => {
    const problem = (keyword: string, params: object, message: string): Problem =>
      ({ part, path: [name], keyword, params: { ...params }, message })
    return [
      part === 'body' && required.includes(name) &&
        problem('required', { missingProperty: name }, `must have required property '${name}'`),
      minLength !== undefined &&
        problem('minLength', { limit: minLength }, `must NOT have fewer than ${minLength} characters`),
      format !== undefined && problem('format', { format }, `must match format "${format}"`),
      problem('type', { type }, `must be ${type}`)
    ].filter(each => each !== false)
  })
}
