import type { components, paths } from './account-api.js'

/** The types of the routes of contract `account`, from its OpenAPI document, under their paths after `/api/account`. */

export type User = components['schemas']['User']

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
type Path<P extends string> = `/api/account${P}`

/** The paths of routes with a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: P extends Path<infer Rest>
    ? paths[P] extends { [Name in Lowercase<M>]: object } ? Rest : never
    : never
}[keyof paths]

type Operation<M extends Method, P extends string> =
  Path<P> extends infer Known extends keyof paths ? paths[Known][Lowercase<M> & keyof paths[Known]] : never

type Json<Content> = Content extends { content: { 'application/json': infer Body } } ? Body : never

/** The body of a request. */
export type BodyOf<M extends Method, P extends string> =
  Operation<M, P> extends { requestBody?: infer Body } ? Json<NonNullable<Body>> : never

type Success<Responses> = Responses[keyof Responses & (200 | 201 | 202)]

/** What a call resolves to: `data` of the reply. */
export type DataOf<M extends Method, P extends string> =
  Operation<M, P> extends { responses: infer Responses }
    ? Json<Success<Responses>> extends infer Body ? Body extends { data: infer Data } ? Data : Body : never
    : never

export interface RequestOptions<Body> {
  body?: Body
  /** Values of `{…}` in the path. */
  params?: Record<string, string>
  query?: Record<string, string>
  signal?: AbortSignal
}

export type { Method }
