import { isEmail } from '../core/accounts/email.js'
import { isUsername } from '../core/accounts/username.js'
import { isStorablePassword } from '../core/passwords/password-hashing.js'
import { isUuid } from '../core/lib/uuid.js'

/** Text that Postgres can store and a log line can show: well-formed, without control characters. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** The part of Ajv that is needed here. */
interface Validator {
  addFormat (name: string, isValid: (text: string) => boolean): unknown
}

/** Adds to the validator the formats that the schemas of all contracts use. */
export function addFormats (ajv: Validator): void {
  ajv.addFormat('email', isEmail)
  ajv.addFormat('password', isStorablePassword)
  ajv.addFormat('text', text => text.isWellFormed() && !text.includes('\0'))
  // Postgres takes no `urn:uuid:` before it, which the validator's own format would let through.
  ajv.addFormat('uuid', isUuid)
  ajv.addFormat('username', isUsername)
  ajv.addFormat('line', text => text.isWellFormed() && !controlCharacters.test(text))
}
