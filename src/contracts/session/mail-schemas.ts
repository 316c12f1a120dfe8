import { Type } from '@sinclair/typebox'
import { Email, example, replyOf } from '../../http/schemas.js'
import { BodyToken, NewPassword, Session, sessionExample, User, userExample } from './schemas.js'

const otp = '48213075'
const token = 'VQ6EAOKbQdSnFkRmVUQAAHyeZ550JUDelE4H_B-QrueQ3mT1s7xkq0a9vJ2cZpVbLw8Yd5HnRiXoKfGtUeMj'

const Otp = Type.String({ minLength: 1, maxLength: 32, description: 'The code of the mail: 8 digits' })
const LinkToken = Type.String({ minLength: 1, maxLength: 128, description: 'What follows `#token=` in the link' })

export const Address = Type.Object({ email: Email }, {
  title: 'AddressRequest',
  description: 'Where the link of the mail leads is the operator\'s setting: callbackURL and redirectTo are ignored',
  examples: [{ email: example.email }]
})

export const ResetPassword = Type.Object({ newPassword: NewPassword, token: LinkToken }, {
  title: 'ResetPasswordRequest', examples: [{ newPassword: example.newPassword, token }]
})

export const TokenQuery = Type.Object({ token: { ...LinkToken, examples: [token] } })

export const Link = Type.Object({ token: LinkToken }, { title: 'LinkRequest', examples: [{ token }] })

export const SendOtp = Type.Object({
  email: Email,
  type: Type.Union(['sign-in', 'email-verification', 'forget-password'].map(type => Type.Literal(type)))
}, { title: 'SendOtpRequest', examples: [{ email: example.email, type: 'sign-in' }] })

export const EmailOtp = Type.Object({ email: Email, otp: Otp }, {
  title: 'EmailOtpRequest', examples: [{ email: example.email, otp }]
})

export const OtpReset = Type.Object({ email: Email, otp: Otp, password: NewPassword }, {
  title: 'OtpResetRequest', examples: [{ email: example.email, otp, password: example.newPassword }]
})

export const ChangeEmail = Type.Object({ newEmail: Email }, {
  title: 'ChangeEmailRequest', examples: [{ newEmail: 'new@example.com' }]
})

export const UpdateUser = Type.Object({ name: Type.Optional(Type.String({ format: 'line', maxLength: 255 })) }, {
  title: 'UpdateUserRequest', examples: [{ name: example.name }]
})

export const DeleteUser = Type.Object({ password: Type.Optional(Type.String()) }, {
  title: 'DeleteUserRequest', examples: [{ password: example.password }]
})

export const Succeeded = replyOf(
  Type.Object({ success: Type.Literal(true) }, { title: 'SuccessResponse' }), 'Done', { success: true })

const done = 'Account deletion scheduled'

export const UserDeleted = replyOf(
  Type.Object({ success: Type.Literal(true), message: Type.String() }, { title: 'DeleteUserResponse' }),
  'All sessions have ended; the account is deleted after DELETION_GRACE', { success: true, message: done })

export const ResetRequested = replyOf(
  Type.Object({ status: Type.Literal(true), message: Type.String() }, { title: 'RequestPasswordResetResponse' }),
  'If an account has the address, the mail is on its way', { status: true, message: 'A mail is on its way' })

export const EmailVerified = replyOf(
  Type.Object({ status: Type.Literal(true), user: User }, { title: 'VerifyEmailResponse' }),
  'The address is verified', { status: true, user: { ...userExample, emailVerified: true } })

export const OtpVerified = replyOf(
  Type.Object({ status: Type.Literal(true), token: Type.Null(), user: User }, { title: 'VerifyEmailOtpResponse' }),
  'The address is verified', { status: true, token: null, user: { ...userExample, emailVerified: true } })

export const OtpSignedIn = replyOf(
  Type.Object({ token: BodyToken, user: User }, { title: 'OtpSignInResponse' }), 'Signed in; the address is verified',
  { token: example.accessToken, user: { ...userExample, emailVerified: true } })

export const LinkSignedIn = replyOf(
  Type.Object({ token: BodyToken, user: User, session: Session }, { title: 'MagicLinkResponse' }),
  'Signed in; the address is verified',
  { token: example.accessToken, user: { ...userExample, emailVerified: true }, session: sessionExample })
