import { Type, type Static } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { failureSchemas } from '../../http/failure-schemas.js'
import { pageQuery } from '../../http/paging.js'
import {
  AccessToken, dataOf, Email, example, orNull, passwordOf, RefreshToken, Seconds, Timestamp, Uuid
} from '../../http/schemas.js'
import { SubscriptionView } from '../../http/subscription.js'
import { accountErrors, errorBody } from './errors.js'

const NewPassword = passwordOf(minPasswordLength)
const Name = Type.String({ format: 'line', minLength: 1, maxLength: 255 })
const Username = Type.String({ format: 'username', minLength: 3, maxLength: 50 })
const Token = Type.String({ minLength: 1 })

export const SignUp = Type.Object({
  email: Email, password: NewPassword, name: Type.Optional(Name), username: Type.Optional(Username)
}, {
  title: 'SignUpRequest', examples: [{ email: example.email, password: example.password, name: example.name }]
})

/** A password as it is presented at sign-in: a rule that it breaks is a wrong password. */
export const PresentedPassword = Type.String()

export const SignIn = Type.Object({ email: Email, password: PresentedPassword }, {
  title: 'SignInRequest', examples: [{ email: example.email, password: example.password }]
})

export const Refresh = Type.Object({ refreshToken: Token }, {
  title: 'RefreshRequest', examples: [{ refreshToken: example.refreshToken }]
})

export const SignOut = Type.Object({ refreshToken: Type.Optional(Token) }, {
  title: 'SignOutRequest', examples: [{ refreshToken: example.refreshToken }]
})

export const ProfileChange = Type.Object({
  name: Type.Optional(orNull(Name, 'null removes it')), username: Type.Optional(orNull(Username, 'null removes it'))
}, { title: 'ProfileRequest', examples: [{ name: 'Jane Doe', username: null }] })

export const ChangePassword = Type.Object({ currentPassword: PresentedPassword, newPassword: NewPassword }, {
  title: 'ChangePasswordRequest',
  examples: [{ currentPassword: example.password, newPassword: example.newPassword }]
})

export const maxPage = 100

export const SessionQuery = pageQuery({ max: maxPage, id: example.sessionId, cursorFrom: '`next` of the page before' })

export const SessionPath = Type.Object({
  id: Type.String({ format: 'uuid', description: 'The id of the session', examples: [example.sessionId] })
})

export const User = Type.Object({
  id: Type.String({ description: '`user_` and a UUID' }),
  email: Type.String(),
  emailVerified: Type.Boolean(),
  name: orNull(Type.String()),
  username: orNull(Type.String()),
  createdAt: Timestamp,
  subscription: SubscriptionView
}, { title: 'User' })
export type User = Static<typeof User>

export const Session = Type.Object({
  id: Uuid,
  createdAt: Timestamp,
  lastSeenAt: { ...Timestamp, description: 'Of the last refresh, to five minutes' },
  expiresAt: Timestamp,
  contract: Type.String({ description: 'Where the session began' }),
  device: orNull(Type.String(), 'What the client called it (`X-Client-Name`), or what its user agent says'),
  userAgent: orNull(Type.String()),
  address: orNull(Type.String(), 'The network of the client that signed in: a /24, or in IPv6 a /48'),
  isCurrent: Type.Boolean({ description: 'Whether it is the session of the request' })
}, { title: 'Session' })
export type Session = Static<typeof Session>

const tokens = { token: AccessToken, refreshToken: RefreshToken, expiresIn: Seconds, refreshExpiresIn: Seconds }

/** The user of all examples. */
export const userExample: User = {
  id: `user_${example.id}`,
  email: example.email,
  emailVerified: false,
  name: example.name,
  username: null,
  createdAt: '2026-01-12T10:30:00Z',
  subscription: { status: 'none', plan: 'free', expiresAt: null }
}

const tokensExample = {
  token: example.accessToken, refreshToken: example.refreshToken, expiresIn: 3600, refreshExpiresIn: 2_592_000
}

export const UserTokenSet = Type.Object({ ...tokens, user: User }, {
  title: 'UserTokenSet', description: 'An access token, its refresh token and their user'
})

export const signedIn = { ...tokensExample, user: userExample }

export const SignedUp = dataOf('SignUpResponse', UserTokenSet, 'The account was created and is signed in', signedIn)
export const SignedIn = dataOf('SignInResponse', UserTokenSet, 'Signed in', signedIn)
export const PasswordChanged = dataOf(
  'ChangePasswordResponse', UserTokenSet, 'The password was changed; all older tokens are dead', signedIn)

export const Refreshed = dataOf(
  'RefreshResponse',
  Type.Object(tokens, { title: 'TokenSet', description: 'An access token and its refresh token' }),
  'The next tokens', tokensExample)

export const SignedOut = dataOf(
  'SignOutResponse', Type.Object({ signedOut: Type.Literal(true) }), 'The session has ended', { signedOut: true })

export const Me = dataOf('MeResponse', Type.Object({ user: User }), 'The user', { user: userExample })

export const SessionList = dataOf('SessionListResponse', Type.Object({
  sessions: Type.Array(Session), next: orNull(Type.String(), 'The `cursor` of the next page; null at the end')
}), 'The live sessions, newest first', {
  sessions: [{
    id: example.sessionId,
    createdAt: '2026-01-12T10:30:00Z',
    lastSeenAt: '2026-01-12T11:25:00Z',
    expiresAt: '2026-02-11T11:26:40Z',
    contract: 'account',
    device: 'Safari on iPhone',
    userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)',
    address: '192.0.2.0/24',
    isCurrent: true
  }],
  next: null
})

export const Ended = dataOf(
  'EndedResponse', Type.Object({ ended: Type.Integer({ description: 'How many sessions were live until then' }) }),
  'Ended', { ended: 1 })

export const failures = failureSchemas(accountErrors, errorBody)
