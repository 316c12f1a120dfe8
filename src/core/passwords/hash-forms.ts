import {
  createCipheriv, createHash, pbkdf2, randomBytes, scrypt, timingSafeEqual, type ScryptOptions
} from 'node:crypto'
import { promisify } from 'node:util'
import { verify as verifyBcrypt } from '@node-rs/bcrypt'
import argon2 from 'argon2'

/*
 * The forms of stored password hashes: argon2id, which is made here, and those that accounts bring along from
 * elsewhere until their owners sign in. A stored hash begins with `$`, the form's identifier and its parameters, as in
 * the PHC string format; salt and hash follow.
 */

interface HashForm {
  /** The identifier with the parameters: what decides how much work it is to verify. */
  parameters: RegExp
  /** What must follow them, where a wrong one cannot be computed. */
  rest?: RegExp
  /** @param parts of the stored hash, between its `$` */
  verify (stored: string, password: Password, parts: string[]): Promise<boolean>
  /** Salt and hash that no password has, as long as they are with these parameters. */
  random: (parameters: string) => string
}

/** A password as it is hashed here, and as it was sent: other makers of hashes take it as it comes. */
export interface Password {
  canonical: Buffer
  sent: string
}

const computePbkdf2 = promisify(pbkdf2)

const scryptAsync = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

function computeScrypt (
  password: string, salt: Buffer, length: number, { ln, r, p }: Record<'ln' | 'r' | 'p', number>
): Promise<Buffer> {
  return scryptAsync(password, salt, length, { N: 2 ** ln, r, p, maxmem: 2 * scryptMemory({ ln, r, p }) })
}

/** Bytes that scrypt takes (RFC 7914 5). */
export const scryptMemory = ({ ln, r, p }: Record<'ln' | 'r' | 'p', number>) => 128 * 2 ** ln * r * p

const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex')

const bytesOf = (base64 = '') => Buffer.from(base64, 'base64')

function isSame (one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

/** The numbers of a list such as `ln=14,r=8,p=1`. */
export function numbersIn<Name extends string> (list = '', ...names: Name[]): Record<Name, number> {
  const pairs = new Map(list.split(',').map(pair => pair.split('=') as [string, string]))
  return Object.fromEntries(names.map(name => [name, Number(pairs.get(name))])) as Record<Name, number>
}

async function verifyScrypt (password: string, [, , parameters, salt, hash]: string[]): Promise<boolean> {
  const expected = bytesOf(hash)
  const key = await computeScrypt(password, bytesOf(salt), expected.length, numbersIn(parameters, 'ln', 'r', 'p'))
  return isSame(key, expected)
}

const randomBase64 = (...sizes: number[]) =>
  sizes.map(size => randomBytes(size).toString('base64').replaceAll('=', '')).join('$')

const [base64Digits, bcryptDigits] = [
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
]

/** The same in the digits of bcrypt, salt and hash without a `$` between. */
const randomBcrypt = () => [...randomBase64(16, 23).replace('$', '')]
  .map(digit => bcryptDigits.charAt(base64Digits.indexOf(digit))).join('')

const bcryptRest = /^[./A-Za-z0-9]{53}$/

const forms: readonly HashForm[] = [
  {
    parameters: /^\$argon2(?:id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$/,
    verify: (stored, { canonical }) => argon2.verify(stored, canonical),
    random: () => randomBase64(16, 32)
  },
  {
    parameters: /^\$2b\$\d\d\$/,
    rest: bcryptRest,
    verify: (stored, { sent }) => verifyBcrypt(sent, stored),
    random: randomBcrypt
  },
  /** Django's: bcrypt of the SHA-256 in hexadecimal. */
  {
    parameters: /^\$sha256-bcrypt\$\d\d\$/,
    rest: bcryptRest,
    verify: (_stored, { sent }, [, , cost, rest]) => verifyBcrypt(sha256Hex(sent), `$2b$${cost}$${rest}`),
    random: randomBcrypt
  },
  {
    parameters: /^\$scrypt\$ln=\d+,r=\d+,p=\d+\$/,
    verify: (_stored, { sent }, parts) => verifyScrypt(sent, parts),
    random: () => randomBase64(16, 64)
  },
  /** Better Auth's, which composes characters before (NFKC). */
  {
    parameters: /^\$scrypt-nfkc\$ln=\d+,r=\d+,p=\d+\$/,
    verify: (_stored, { sent }, parts) => verifyScrypt(sent.normalize('NFKC'), parts),
    random: () => randomBase64(16, 64)
  },
  /** Firebase's: what scrypt gives is the key that encrypts the project's signer key. */
  {
    parameters: /^\$fbscrypt\$v=1,n=\d+,r=\d+,p=1,ss=[\w+/=]*,sk=[\w+/=]+\$/,
    async verify (_stored, { sent }, [, , parameters = '', salt, hash]) {
      const { n: ln, r } = numbersIn(parameters, 'n', 'r')
      const [, , , , separator, signerKey] = parameters.split(',').map(pair => pair.replace(/^\w+=/, ''))
      const saltBytes = Buffer.concat([bytesOf(salt), bytesOf(separator)])
      const key = await computeScrypt(sent, saltBytes, 32, { ln, r, p: 1 })
      const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
      return isSame(Buffer.concat([cipher.update(bytesOf(signerKey)), cipher.final()]), bytesOf(hash))
    },
    random: () => randomBase64(10, 64)
  },
  {
    parameters: /^\$pbkdf2-sha(?:1|256|512)\$i=\d+,l=\d+\$/,
    async verify (_stored, { sent }, [, name = '', parameters, salt, hash]) {
      const { i, l } = numbersIn(parameters, 'i', 'l')
      const key = await computePbkdf2(sent, bytesOf(salt), i, l, name.replace('pbkdf2-', ''))
      return isSame(key, bytesOf(hash))
    },
    random: parameters => randomBase64(16, numbersIn(parameters.split('$')[2], 'l').l)
  }
]

/** The form of a hash, and the parameters that it begins with. */
function read (hash: string): { form: HashForm, parameters: string } | null {
  for (const form of forms) {
    const [parameters] = form.parameters.exec(hash) ?? []
    if (parameters !== undefined) return { form, parameters }
  }
  return null
}

/** The parameters that a stored hash begins with, or `null` for one that cannot be verified. */
export function parametersOf (hash: string): string | null {
  const found = read(hash)
  if (found === null) return null
  const { form: { rest }, parameters } = found
  return rest === undefined || rest.test(hash.slice(parameters.length)) ? parameters : null
}

/** Verifies a password against a stored hash that has parameters. @throws Error for any other */
export async function verifyHash (stored: string, password: Password): Promise<boolean> {
  const found = parametersOf(stored) === null ? null : read(stored)
  if (found === null) throw new Error('a password hash of no known form')
  return found.form.verify(stored, password, stored.split('$'))
}

/** A hash with these parameters that no password matches; `null` for parameters of no form. */
export function dummyWith (parameters: string): string | null {
  const found = read(parameters)
  return found?.parameters === parameters ? parameters + found.form.random(parameters) : null
}
