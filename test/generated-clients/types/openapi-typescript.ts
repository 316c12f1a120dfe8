import createClient from 'openapi-fetch'
import type { operations as Api, paths } from '../generated/openapi-typescript/api.js'
import type { operations as Tasks } from '../generated/openapi-typescript/tasks.js'
import type { operations as Web } from '../generated/openapi-typescript/web.js'

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
type JsonOf<T> = T extends { content: { 'application/json': infer Body } } ? Body : undefined
type RequestOf<T> = T extends { requestBody: infer Request } ? JsonOf<Request> : undefined
type ResponsesOf<T> = T extends { responses: infer Responses } ? Responses : never
type Untyped<Body> = unknown extends Body ? true : false

// No body of any operation, sent or received with any status, is left without a type.
type Operations = Api & Tasks & Web
type UntypedRequests = {
  [Name in keyof Operations]: true extends Untyped<RequestOf<Operations[Name]>> ? Name : never
}[keyof Operations]
type UntypedResponses = {
  [Name in keyof Operations]: {
    [Status in keyof ResponsesOf<Operations[Name]>]:
    true extends Untyped<JsonOf<ResponsesOf<Operations[Name]>[Status]>> ? [Name, Status] : never
  }[keyof ResponsesOf<Operations[Name]>]
}[keyof Operations]
export const untyped: [Equals<UntypedRequests, never>, Equals<UntypedResponses, never>] = [true, true]

// A literal stays a literal, and what can be null says so.
type LoggedIn = JsonOf<Api['partnerLogin']['responses'][200]>
export const literal: Equals<LoggedIn['success'], true> = true
export const nullable: Equals<LoggedIn['data']['user']['subscription']['expiresAt'], string | null> = true
export const session: Equals<null extends JsonOf<Api['getSession']['responses'][200]> ? true : false, true> = true

// Each status has its own body.
type RegisterErrors = Api['spaRegister']['responses']
export const sentence: Equals<JsonOf<RegisterErrors[400]>, { detail: string }> = true
export const problems: Equals<JsonOf<RegisterErrors[422]>['detail'][number]['loc'], string[]> = true

/** Never called: each mistake here is one that the compiler must find. */
export async function mistakes (): Promise<void> {
  const keyturn = createClient<paths>({ credentials: 'include' })
  // @ts-expect-error -- there is no such route
  await keyturn.POST('/api/auth/signin', { body: { email: '', password: '' } })
  // @ts-expect-error -- nor this method of it
  await keyturn.GET('/api/auth/login')
  // @ts-expect-error -- a member is missing
  await keyturn.POST('/api/auth/login', { body: { email: '' } })
  // @ts-expect-error -- a member has another name
  await keyturn.POST('/api/auth/refresh-token', { body: { refresh_token: '' } })
  // @ts-expect-error -- a member has another type
  await keyturn.POST('/api/auth/register', { body: { username: 1, email: '', password: '' } })
  // @ts-expect-error -- nor does a member that may be left out take another name
  await keyturn.POST('/api/auth/revoke-token', { body: { refresh_token: '' } })

  const { data, error } = await keyturn.POST('/api/auth/login', { body: { email: '', password: '' } })
  // @ts-expect-error -- the token is in `data`
  console.log(data?.token)
  // @ts-expect-error -- whether it succeeded is not known yet
  console.log(data.data.token)
  // @ts-expect-error -- the refusal has no such member
  console.log(error?.error.status)
}
