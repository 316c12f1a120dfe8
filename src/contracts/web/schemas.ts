import { Type } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { failureSchemas } from '../../http/failure-schemas.js'
import { Email, example, passwordOf, replyOf, Timestamp, Uuid } from '../../http/schemas.js'
import { webErrors } from './errors.js'

const credentials = { email: example.email, password: example.password }

export const Register = Type.Object({ email: Email, password: passwordOf(minPasswordLength) }, {
  title: 'RegisterRequest', examples: [credentials]
})

export const Login = Type.Object({ email: Email, password: passwordOf(1) }, {
  title: 'LoginRequest', examples: [credentials]
})

const user = { id: example.id, email: example.email }

const NewUser = Type.Object({ id: Uuid, email: Email, createdAt: Timestamp }, { title: 'NewUser' })
const User = Type.Object({ id: Uuid, email: Email }, { title: 'User' })

export const Registered = replyOf(
  Type.Object({ user: NewUser }, { title: 'RegisterResponse' }),
  'The new account', { user: { ...user, createdAt: '2026-02-23T00:00:00.000Z' } })

const UserReply = Type.Object({ user: User }, { title: 'UserResponse' })

export const LoggedIn = replyOf(UserReply, 'The account, signed in', { user })
export const Me = replyOf(UserReply, 'The account of the cookie', { user })

const ErrorBody = Type.Object({ error: Type.String() }, { title: 'Error' })

export const failures = failureSchemas(webErrors, ErrorBody)
