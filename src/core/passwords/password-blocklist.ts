import { AuthError } from '../errors.js'

/** What the password of an account must not be, besides those that are used most. */
export interface OwnNames {
  email: string
  username: string | null
  name: string | null
}

export type PasswordBlocklist = ReturnType<typeof createPasswordBlocklist>

/**
 * Refuses passwords that an attacker tries first: those used most, and those made of a name of the account or of the
 * service (NIST SP 800-63B 3.1.1.2, OWASP ASVS 6.2.4 and 6.2.11).
 * @param host of PUBLIC_URL
 */
export function createPasswordBlocklist ({ host }: { host: string }) {
  const ofService = ['keyturn', host, ...host.split('.')]
  let known: Promise<ReadonlySet<string>> | undefined

  return {
    /**
     * Passes for any other password.
     * @throws AuthError `password_common`
     */
    async refuseCommon (password: string, { email, username, name }: OwnNames): Promise<void> {
      const candidate = fold(password)
      const localPart = email.slice(0, email.lastIndexOf('@'))
      const ofAccount = [email, username, name, localPart, ...`${localPart} ${name ?? ''}`.split(/[^\p{L}]+/u)]
      const names = [...ofService, ...ofAccount].map(each => lettersOf(fold(each ?? '')))
      const letters = lettersOf(candidate)
      known ??= readKnownPasswords()
      if ((letters !== '' && names.includes(letters)) || (await known).has(candidate)) {
        throw new AuthError('password_common')
      }
    }
  }
}

/** 49,000 passwords in lower case, read when they are first needed: few commands of the command line do. */
async function readKnownPasswords (): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'])
}

const fold = (text: string) => text.normalize('NFKC').toLowerCase()

/** A name with a year or an exclamation mark is still the name. */
const lettersOf = (text: string) => text.replace(/[^\p{L}]/gu, '')
