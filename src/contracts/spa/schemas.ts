import { Type, type Static } from '@sinclair/typebox'
import { failureSchemas } from '../../http/failure-schemas.js'
import { AccessToken, Email, example, Password, passwordOf, replyOf, Timestamp } from '../../http/schemas.js'
import { spaErrors } from './errors.js'

export const minSpaPasswordLength = 6

export const Register = Type.Object({
  username: Type.String({ format: 'username', minLength: 3, maxLength: 50 }),
  email: Email,
  password: passwordOf(minSpaPasswordLength)
}, {
  title: 'RegisterRequest',
  examples: [{ username: example.username, email: example.email, password: example.password }]
})

export const Token = Type.Object({
  email: Type.String({ format: 'text', maxLength: 320 }), password: Password
}, { title: 'TokenRequest', examples: [{ email: example.email, password: example.password }] })

export const TokenReply = replyOf(
  Type.Object({
    access_token: AccessToken,
    token_type: Type.Literal('Bearer'),
    user_id: Type.String({ description: 'The id of the account as a string' })
  }, { title: 'TokenResponse' }),
  'Signed in', { access_token: example.accessToken, token_type: 'Bearer', user_id: '1' })

export const LoggedOut = replyOf(
  Type.Object({ message: Type.Literal('Successfully logged out') }, { title: 'LogoutResponse' }),
  'Signed out, also without a token or with one that is not valid', { message: 'Successfully logged out' })

export const User = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  email: Type.String(),
  created_at: Timestamp,
  updated_at: Timestamp
}, { title: 'User' })
export type User = Static<typeof User>

const user = {
  id: 1,
  username: example.username,
  email: example.email,
  created_at: '2026-02-07T10:30:00Z',
  updated_at: '2026-02-07T10:30:00Z'
}

export const Registered = replyOf(User, 'The new account', user)
export const Me = replyOf(User, 'The account of the token', user)

const ErrorBody = Type.Object({ detail: Type.String() }, { title: 'Error' })

const ValidationProblem = Type.Object({
  loc: Type.Array(Type.String(), { description: 'The part of the request, and the path in it' }),
  msg: Type.String(),
  type: Type.String()
}, { title: 'ValidationProblem' })

const ValidationError = Type.Object({ detail: Type.Array(ValidationProblem) }, { title: 'ValidationError' })

export const failures = failureSchemas(spaErrors, ErrorBody, { 422: ValidationError })
