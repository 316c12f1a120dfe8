import { Type } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { dataOf, Email, example, passwordOf, Timestamp } from '../../http/schemas.js'
import { Me, PresentedPassword, signedIn, userExample, UserTokenSet } from './schemas.js'

/** The examples are of the form that mails have. */
const code = '48213075'
const token = 'VQ6EAOKbQdSnFkRmVUQAAHyeZ550JUDelE4H_B-QrueQ3mT1s7xkq0a9vJ2cZpVbLw8Yd5HnRiXoKfGtUeMj'

const Code = Type.String({ minLength: 1, maxLength: 32, description: 'The code of the mail: 8 digits' })
const LinkToken = Type.String({ minLength: 1, maxLength: 128, description: 'What follows `#token=` in the link' })

/** A link's token, or a code with the address that it was sent to. */
const proof = {
  token: Type.Optional(LinkToken), email: Type.Optional(Email), code: Type.Optional(Code)
}

export const Address = Type.Object({ email: Email }, { title: 'AddressRequest', examples: [{ email: example.email }] })

export const OwnOrAnyAddress = Type.Object({ email: Type.Optional(Email) }, {
  title: 'EmailVerificationRequest', examples: [{ email: example.email }]
})

export const EmailProof = Type.Object(proof, {
  title: 'EmailProof',
  description: 'Either `token`, or `email` and `code`',
  examples: [{ token }, { email: example.email, code }]
})

export const PasswordReset = Type.Object({ ...proof, newPassword: passwordOf(minPasswordLength) }, {
  title: 'PasswordResetRequest',
  description: 'Either `token`, or `email` and `code`',
  examples: [{ email: example.email, code, newPassword: example.newPassword }]
})

export const EmailChange = Type.Object({ newEmail: Email, password: PresentedPassword }, {
  title: 'EmailChangeRequest', examples: [{ newEmail: 'new@example.com', password: example.password }]
})

export const EmailChangeProof = Type.Object({ token: Type.Optional(LinkToken), code: Type.Optional(Code) }, {
  title: 'EmailChangeProof', description: 'Either `token`, or with an access token `code`', examples: [{ token }]
})

export const Link = Type.Object({ token: LinkToken }, { title: 'LinkRequest', examples: [{ token }] })

const challengeId = 'bXk2dE5wS2ZBbWJyV2h5Y2xpbmc'

export const CodeSignIn = Type.Object({
  challengeId: Type.String({ minLength: 1, maxLength: 1024, description: 'Of the reply to `POST /sign-in/code`' }),
  code: Code
}, { title: 'CodeSignInRequest', examples: [{ challengeId, code }] })

export const Deletion = Type.Object({ password: PresentedPassword }, {
  title: 'DeletionRequest', examples: [{ password: example.password }]
})

const done = (title: string, member: string, description: string) =>
  dataOf(title, Type.Object({ [member]: Type.Literal(true) }), description, { [member]: true })

export const Sent = done('SentResponse', 'sent', 'If the address is one for such a mail, it is on its way')
export const Verified = done('VerifiedResponse', 'verified', 'The address is verified')
export const PasswordWasReset = done(
  'PasswordResetResponse', 'reset', 'The password is set and all sessions have ended; sign in with it')
export const Restored = done('RestoredResponse', 'restored', 'The address is back and all sessions have ended')
export const Canceled = done('CanceledResponse', 'canceled', 'The account stays')
export const EmailChanged = { ...Me, 'x-response-description': 'The address is changed' }

export const CodeSent = dataOf('CodeSentResponse', Type.Object({
  challengeId: Type.String({ description: 'To be sent with the code' }),
  expiresIn: Type.Integer({ description: 'Seconds for which the code is good' })
}), 'If an account has the address, the mail is on its way', { challengeId, expiresIn: 600 })

export const MailSignedIn = dataOf('MailSignInResponse', UserTokenSet, 'Signed in; the address is verified', {
  ...signedIn, user: { ...userExample, emailVerified: true }
})

export const VerificationSent = dataOf(
  'VerificationSentResponse', Type.Object({ verification: Type.Literal('sent') }),
  'Where addresses must be confirmed first: a mail is on its way to the address', { verification: 'sent' })

export const DeletionScheduled = dataOf(
  'DeletionResponse', Type.Object({ deletesAt: Timestamp }), 'All sessions have ended; there is no sign-in any more',
  { deletesAt: '2026-01-26T10:30:00Z' })
