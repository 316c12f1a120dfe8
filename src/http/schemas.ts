import { Type, type Static, type TSchema } from '@sinclair/typebox'

/** One user in the examples of all documents: the account of the sign-up can sign in. */
export const example = {
  email: 'user@example.com',
  password: 'violin harbor meadow',
  newPassword: 'correct horse battery staple',
  name: 'John Doe',
  username: 'johndoe',
  id: '550e8400-e29b-41d4-a716-446655440000',
  sessionId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  accessToken: 'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI1NTBlODQwMCJ9.c2lnbmF0dXJl',
  refreshToken: 'rt_a1b2c3d4e5f6'
} as const

export const Email = Type.String({ format: 'email', maxLength: 320 })

export const passwordOf = (minLength: number) => Type.String({ format: 'password', minLength })

/** A password as it is presented: its length is not checked again. */
export const Password = Type.String({ format: 'password' })

export const Uuid = Type.String({ format: 'uuid' })

export const Timestamp = Type.String({ format: 'date-time' })

export const AccessToken = Type.String({ description: 'A JSON Web Token (RFC 7519)' })

export const RefreshToken = Type.String({ description: 'Opaque; good for one use' })

export const Seconds = Type.Integer({ minimum: 0, description: 'Seconds' })

/** What may be there or not. */
export const orNull = <Schema extends Parameters<typeof Type.Optional>[0]>(schema: Schema, description?: string) =>
  Type.Union([schema, Type.Null()], { ...description !== undefined && { description } })

/** A schema as the reply of a route: what the reply means, and one as it is sent. */
export function replyOf<Body extends TSchema> (body: Body, description: string, example: Static<Body>): Body {
  return { ...body, 'x-response-description': description, examples: [example] }
}

/** A reply in the envelope. */
export function dataOf<Data extends Parameters<typeof Type.Optional>[0]> (
  title: string, data: Data, description: string, shown: Static<Data>
) {
  return replyOf(Type.Object({ success: Type.Literal(true), data }, { title }), description,
    // The compiler cannot put a type that it does not know yet together again.
    { success: true, data: shown } as never)
}

/**
 * For the OpenAPI documents only: a body may be sent and is not validated. Better Auth's client
 * sends `{}` with every POST.
 */
export const optionalBody = { optionalBody: Type.Object({}, { title: 'EmptyRequest', examples: [{}] }) }
