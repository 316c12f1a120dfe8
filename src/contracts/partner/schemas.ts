import { Type, type Static } from '@sinclair/typebox'
import { failureSchemas } from '../../http/failure-schemas.js'
import { AccessToken, Email, example, passwordOf, RefreshToken, replyOf, Seconds } from '../../http/schemas.js'
import { SubscriptionView } from '../../http/subscription.js'
import { errorBody, partnerErrors } from './errors.js'

const Token = Type.String({ minLength: 1 })

export const Login = Type.Object({ email: Email, password: passwordOf(1) }, {
  title: 'LoginRequest', examples: [{ email: example.email, password: example.password }]
})

export const ValidateToken = Type.Object({ token: Token }, {
  title: 'ValidateTokenRequest', examples: [{ token: example.accessToken }]
})

export const RefreshTokenBody = Type.Object({ refreshToken: Token }, {
  title: 'RefreshTokenRequest', examples: [{ refreshToken: example.refreshToken }]
})

export const RevokeToken = Type.Union([
  Type.Object({ refreshToken: Token, token: Type.Optional(Token) }),
  Type.Object({ token: Token, refreshToken: Type.Optional(Token) })
], {
  title: 'RevokeTokenRequest', description: 'One token or both', examples: [{ refreshToken: example.refreshToken }]
})

export const User = Type.Object({
  id: Type.String({ description: '`user_` and a UUID' }),
  email: Type.String(),
  name: Type.String(),
  subscription: SubscriptionView
}, { title: 'User' })
export type User = Static<typeof User>

const tokens = { token: AccessToken, refreshToken: RefreshToken, expiresIn: Seconds, refreshExpiresIn: Seconds }

const TokenSet = Type.Object(tokens, { title: 'TokenSet', description: 'An access token and its refresh token' })

const UserTokenSet = Type.Object({ ...tokens, user: User }, {
  title: 'UserTokenSet', description: 'An access token, its refresh token and their user'
})

const userExample = {
  id: `user_${example.id}`,
  email: example.email,
  name: example.name,
  subscription: { status: 'active', plan: 'premium', expiresAt: '2025-12-31T23:59:59Z' }
}

const tokensExample = {
  token: example.accessToken, refreshToken: example.refreshToken, expiresIn: 3600, refreshExpiresIn: 2_592_000
}

export const LoggedIn = replyOf(
  Type.Object({ success: Type.Literal(true), data: UserTokenSet }, { title: 'LoginResponse' }),
  'Signed in', { success: true, data: { ...tokensExample, user: userExample } })

export const Validated = replyOf(
  Type.Object({
    success: Type.Literal(true), data: Type.Object({ valid: Type.Literal(true), user: User })
  }, { title: 'ValidateTokenResponse' }),
  'The token is valid', { success: true, data: { valid: true, user: userExample } })

export const Refreshed = replyOf(
  Type.Object({ success: Type.Literal(true), data: TokenSet }, { title: 'RefreshTokenResponse' }),
  'The next tokens', { success: true, data: tokensExample })

export const Revoked = replyOf(
  Type.Object({
    success: Type.Literal(true), data: Type.Object({ revoked: Type.Literal(true) })
  }, { title: 'RevokeTokenResponse' }),
  'The session has ended', { success: true, data: { revoked: true } })

export const failures = failureSchemas(partnerErrors, errorBody)
