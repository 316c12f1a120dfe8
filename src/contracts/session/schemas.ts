import { Type, type Static } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { failureSchemas, textOf } from '../../http/failure-schemas.js'
import {
  Email, example, Password, passwordOf, replyOf, Seconds, Timestamp, Uuid
} from '../../http/schemas.js'
import { sessionCodes, sessionErrors } from './errors.js'

export const NewPassword = passwordOf(minPasswordLength)
const Nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })
export const BodyToken =
  Nullable('Access token (JWT), the same as in the cookie; null where pages get it as a cookie only')

export const SignUp = Type.Object({
  name: Type.String({ format: 'line', maxLength: 255 }), email: Email, password: NewPassword
}, { title: 'SignUpRequest', examples: [{ name: example.name, email: example.email, password: example.password }] })

export const SignIn = Type.Object({ email: Email, password: Password }, {
  title: 'SignInRequest', examples: [{ email: example.email, password: example.password }]
})

export const RevokeSession = Type.Object({
  token: Type.String({ description: 'The `token` of the session in list-sessions' })
}, { title: 'RevokeSessionRequest', examples: [{ token: example.sessionId }] })

export const ChangePassword = Type.Object({
  currentPassword: Password,
  newPassword: NewPassword,
  revokeOtherSessions: Type.Optional(Type.Boolean({ description: 'true by default; false keeps all other sessions' }))
}, {
  title: 'ChangePasswordRequest',
  examples: [{ currentPassword: example.password, newPassword: example.newPassword, revokeOtherSessions: true }]
})

export const User = Type.Object({
  id: Uuid,
  name: Type.String(),
  email: Email,
  emailVerified: Type.Boolean(),
  image: Type.Null(),
  createdAt: Timestamp,
  updatedAt: Timestamp
}, { title: 'User' })
export type User = Static<typeof User>

export const Session = Type.Object({
  id: Uuid,
  token: Type.String({ description: 'The id of the session, to revoke it by; not a credential' }),
  userId: Uuid,
  expiresAt: Timestamp,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  ipAddress: Nullable('Address of the client that signed in'),
  userAgent: Nullable('User agent of the client that signed in')
}, { title: 'Session' })
export type Session = Static<typeof Session>

const created = '2026-01-12T10:30:00.000Z'

export const userExample = {
  id: example.id,
  name: example.name,
  email: example.email,
  emailVerified: false,
  image: null,
  createdAt: created,
  updatedAt: created
}

export const sessionExample = {
  id: example.sessionId,
  token: example.sessionId,
  userId: example.id,
  expiresAt: '2026-01-12T11:30:00.000Z',
  createdAt: created,
  updatedAt: created,
  ipAddress: '192.0.2.1',
  userAgent: 'Mozilla/5.0'
}

const token = example.accessToken
const user = userExample
const session = sessionExample

export const SignedUp = replyOf(
  Type.Object({ token: BodyToken, user: User }, { title: 'SignUpResponse' }),
  'The account was created and is signed in', { token, user })

export const SignedIn = replyOf(
  Type.Object({ redirect: Type.Literal(false), token: BodyToken, user: User }, { title: 'SignInResponse' }),
  'Signed in', { redirect: false, token, user })

const SessionAndUser = Type.Object({ session: Session, user: User }, { title: 'SessionAndUser' })

export const CurrentSession = replyOf(
  Type.Union([SessionAndUser, Type.Null()]),
  'The session and its user; null when not signed in', { session, user })

export const Refreshed = replyOf(
  Type.Object({ token: BodyToken, expiresIn: Seconds, session: Session, user: User }, { title: 'RefreshResponse' }),
  'The session is extended', { token, expiresIn: 3600, session, user })

export const SessionList = replyOf(Type.Array(Session), 'The live sessions of the account, newest first', [session])

export const SignedOut = replyOf(
  Type.Object({ success: Type.Literal(true) }, { title: 'SignOutResponse' }), 'Signed out', { success: true })

export const Done = replyOf(
  Type.Object({ status: Type.Literal(true) }, { title: 'StatusResponse' }), 'Revoked', { status: true })

export const PasswordChanged = replyOf(
  Type.Object({
    token: Nullable('The access token of this session when all others were ended; else null'), user: User
  }, { title: 'ChangePasswordResponse' }),
  'The password was changed', { token, user })

const ErrorBody = Type.Object({
  code: textOf('ErrorCode', 'What is wrong; decide by it', sessionCodes),
  message: Type.String({ description: 'For people; may change' })
}, { title: 'Error' })

export const failures = failureSchemas(sessionErrors, ErrorBody)
