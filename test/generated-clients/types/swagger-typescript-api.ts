import { Api } from '../generated/swagger-typescript-api/api.js'
import { Api as TasksApi } from '../generated/swagger-typescript-api/tasks.js'
import { Api as WebApi } from '../generated/swagger-typescript-api/web.js'

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
type Replies<Group> = {
  [Name in keyof Group]: Group[Name] extends (...args: never[]) => Promise<infer Reply> ? Reply : never
}
type Untyped<Group, Part extends 'data' | 'error'> = {
  [Name in keyof Group]: Replies<Group>[Name] extends Record<Part, infer Body>
    ? unknown extends Body ? Name : never
    : Name
}[keyof Group]

// No reply of any operation, good or bad, is left without a type.
type Operations = Api<unknown>['api'] & TasksApi<unknown>['auth'] & TasksApi<unknown>['tasks'] & WebApi<unknown>['auth']
export const untyped: [Equals<Untyped<Operations, 'data'>, never>, Equals<Untyped<Operations, 'error'>, never>] =
  [true, true]

// A literal stays a literal, and what can be null says so.
type LoggedIn = Replies<Operations>['partnerLogin']['data']
export const literal: Equals<LoggedIn['success'], true> = true
export const nullable: Equals<LoggedIn['data']['user']['subscription']['expiresAt'], string | null> = true
export const session: Equals<null extends Replies<Operations>['getSession']['data'] ? true : false, true> = true

/** Never called: each mistake here is one that the compiler must find. */
export async function mistakes (): Promise<void> {
  const { api: keyturn } = new Api({ baseApiParams: { credentials: 'include' } })
  // @ts-expect-error -- there is no such operation
  await keyturn.signin({ email: '', password: '' })
  // @ts-expect-error -- a member is missing
  await keyturn.partnerLogin({ email: '' })
  // @ts-expect-error -- a member has another name
  await keyturn.partnerRefreshToken({ refresh_token: '' })
  // @ts-expect-error -- a member has another type
  await keyturn.spaRegister({ username: 1, email: '', password: '' })
  // @ts-expect-error -- nor does a member that may be left out take another name
  await keyturn.partnerRevokeToken({ refresh_token: '' })

  const { data, error } = await keyturn.partnerLogin({ email: '', password: '' })
  // @ts-expect-error -- the token is in `data.data`
  console.log(data.token)
  // @ts-expect-error -- the refusal has no such member
  console.log(error.error.status)
}
