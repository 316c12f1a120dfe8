import type { SourceLine } from '../batches.js'
import { csvRows, isTrue } from './csv.js'

/** The parameters of a project's password hashes, from its console. */
export interface FirebaseParameters {
  signerKey: string
  saltSeparator: string
  rounds: number
  memoryCost: number
}

/** What `firebase auth:export --format=csv` writes, which has no row of names. */
const columns = [
  'id', 'email', 'emailVerified', 'passwordHash', 'salt', 'name', 'photoUrl',
  ...['google', 'facebook', 'twitter', 'github'].flatMap(provider =>
    ['Id', 'Email', 'Name', 'Photo'].map(member => provider + member)),
  'createdAt', 'lastSignedInAt', 'phoneNumber', 'disabled', 'customAttributes', 'providerUserInfo'
]

const parameterNames = { signerKey: 'base64_signer_key', saltSeparator: 'base64_salt_separator' } as const

/**
 * Reads the parameters as the console shows them (`hash_config { … }`), or the same in JSON.
 * @throws Error which says what is missing
 */
export function readFirebaseParameters (text: string): FirebaseParameters {
  const valueOf = (name: string): string => {
    const [, value] = new RegExp(`"?${name}"?\\s*[:=]\\s*"?([\\w+/=-]+)`).exec(text) ?? []
    if (value === undefined) throw new Error(`the parameters of Firebase lack ${name}`)
    return value
  }
  return {
    signerKey: standard(valueOf(parameterNames.signerKey)),
    saltSeparator: standard(valueOf(parameterNames.saltSeparator)),
    rounds: Number(valueOf('rounds')),
    memoryCost: Number(valueOf('mem_cost'))
  }
}

/** The users of a Firebase project. */
export const firebase = ({ signerKey, saltSeparator, rounds, memoryCost }: FirebaseParameters) => {
  const parameters = `$fbscrypt$v=1,n=${memoryCost},r=${rounds},p=1,ss=${saltSeparator},sk=${signerKey}`

  return async function * (input: AsyncIterable<Buffer>): AsyncGenerator<SourceLine> {
    for await (const { line, row } of csvRows(input, columns)) {
      const { id, email = '', emailVerified, name, createdAt, passwordHash, salt = '', disabled } = row
      yield {
        line,
        value: {
          externalId: id ?? null,
          email,
          emailVerified: isTrue(emailVerified),
          name: name ?? null,
          createdAt: createdAt === undefined ? null : timeOf(createdAt),
          passwordHash: passwordHash === undefined ? null : `${parameters}$${standard(salt)}$${standard(passwordHash)}`,
          disabled: isTrue(disabled)
        }
      }
    }
  }
}

/** Milliseconds since 1970; what is none is reported as a wrong time. */
function timeOf (milliseconds: string): string {
  const time = new Date(Number(milliseconds))
  return Number.isNaN(time.getTime()) ? milliseconds : time.toISOString()
}

/** Base64 in the standard alphabet (RFC 4648 4). */
const standard = (base64: string) => base64.replaceAll('-', '+').replaceAll('_', '/')
