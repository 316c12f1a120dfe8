import { numbersIn, parametersOf, scryptMemory } from './hash-forms.js'

/*
 * Password hashes as others write them: in the PHC string format and the modular crypt format, by Better Auth, Django,
 * passlib and Supabase. Each is brought into one of the forms that are stored.
 */

export type HashProblem = 'hash_unknown' | 'hash_too_costly'

export type ImportedHash = { hash: string } | { problem: HashProblem }

/** What a hash may cost at most: an attempt to sign in must not take more (OWASP ASVS 11.4.2). */
export const hashCeilings = {
  /** Of argon2 and scrypt: the argon2 of Python, and with it Django's, takes 100 MiB by default. */
  memoryBytes: 128 * 2 ** 20,
  /** Of argon2: passes over all its memory. */
  passes: 10,
  /** Of bcrypt: the logarithm of its rounds. */
  bcryptCost: 14,
  /** Of PBKDF2. */
  rounds: 1_000_000
}

type Reader = [pattern: RegExp, toStored: (...parts: string[]) => string]

const unpadded = (base64: string) => base64.replace(/=+$/, '')
const ofText = (text: string) => unpadded(Buffer.from(text).toString('base64'))
const ofHex = (hex: string) => unpadded(Buffer.from(hex, 'hex').toString('base64'))
/** passlib has a dot where others have a plus. */
const ofPasslib = (base64: string) => unpadded(base64.replaceAll('.', '+'))
const byteLength = (base64: string) => Buffer.from(base64, 'base64').length
const pbkdf2 = (digest: string, rounds: string, salt: string, hash: string) =>
  `$pbkdf2-${digest}$i=${rounds},l=${byteLength(hash)}$${salt}$${hash}`
const scrypt = (name: string, ln: number | string, r: string, p: string, salt: string, hash: string) =>
  `$${name}$ln=${ln},r=${r},p=${p}$${salt}$${hash}`

const base64 = '[A-Za-z0-9+/]+={0,2}'
const passlib = '[A-Za-z0-9./]+'
const bcryptRest = '[./A-Za-z0-9]{53}'

const readers: Reader[] = [
  // Django puts the name of its own class before two of the others.
  [/^(?:argon2)?(\$argon2(?:id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+)$/, hash => hash],
  [new RegExp(`^(?:bcrypt\\$)?\\$2[aby]\\$(\\d\\d)\\$(${bcryptRest})$`), (cost, rest) => `$2b$${cost}$${rest}`],
  [new RegExp(`^bcrypt_sha256\\$\\$2[aby]\\$(\\d\\d)\\$(${bcryptRest})$`),
    (cost, rest) => `$sha256-bcrypt$${cost}$${rest}`],
  [new RegExp(`^\\$scrypt\\$ln=(\\d+),r=(\\d+),p=(\\d+)\\$(${base64})\\$(${base64})$`),
    (ln = '', r = '', p = '', salt = '', hash = '') => scrypt('scrypt', ln, r, p, unpadded(salt), unpadded(hash))],
  [new RegExp(`^scrypt\\$(\\d+)\\$([^$]+)\\$(\\d+)\\$(\\d+)\\$(${base64})$`),
    (n = '', salt = '', r = '', p = '', hash = '') =>
      scrypt('scrypt', Math.log2(Number(n)), r, p, ofText(salt), unpadded(hash))],
  // Better Auth uses the hexadecimal text of the salt as the salt.
  [/^([0-9a-f]{32}):([0-9a-f]{128})$/,
    (salt = '', hash = '') => scrypt('scrypt-nfkc', 14, '16', '1', ofText(salt), ofHex(hash))],
  // Those that are stored here only.
  [new RegExp(`^(\\$sha256-bcrypt\\$\\d\\d\\$${bcryptRest})$`), hash => hash],
  [new RegExp(`^(\\$scrypt-nfkc\\$ln=\\d+,r=\\d+,p=\\d+\\$${base64}\\$${base64})$`), hash => hash],
  [new RegExp(`^(\\$fbscrypt\\$v=1,n=\\d+,r=\\d+,p=1,ss=(?:${base64})?,sk=${base64}\\$${base64}\\$${base64})$`),
    hash => hash],
  [new RegExp(`^pbkdf2_(sha1|sha256|sha512)\\$(\\d+)\\$([^$]+)\\$(${base64})$`),
    (digest = '', rounds = '', salt = '', hash = '') => pbkdf2(digest, rounds, ofText(salt), unpadded(hash))],
  [new RegExp(`^\\$pbkdf2\\$(\\d+)\\$(${passlib})\\$(${passlib})$`),
    (rounds = '', salt = '', hash = '') => pbkdf2('sha1', rounds, ofPasslib(salt), ofPasslib(hash))],
  [new RegExp(`^\\$pbkdf2-(sha1|sha256|sha512)\\$(\\d+)\\$(${passlib})\\$(${passlib})$`),
    (digest = '', rounds = '', salt = '', hash = '') => pbkdf2(digest, rounds, ofPasslib(salt), ofPasslib(hash))],
  [new RegExp(`^\\$pbkdf2-(sha1|sha256|sha512)\\$i=(\\d+)(?:,l=\\d+)?\\$(${base64})\\$(${base64})$`),
    (digest = '', rounds = '', salt = '', hash = '') => pbkdf2(digest, rounds, unpadded(salt), unpadded(hash))]
]

/** Reads a hash that was made elsewhere. */
export function readImportedHash (text: string): ImportedHash {
  for (const [pattern, toStored] of readers) {
    const parts = pattern.exec(text)
    if (parts === null) continue
    const hash = toStored(...parts.slice(1))
    if (parametersOf(hash) === null) break
    return isTooCostly(hash) ? { problem: 'hash_too_costly' } : { hash }
  }
  return { problem: 'hash_unknown' }
}

const ceilingOf: Array<[prefix: RegExp, isTooCostly: (parameters: string, next: string) => boolean]> = [
  [/^\$argon2/, (_version, parameters) => {
    const { m, t, p } = numbersIn(parameters, 'm', 't', 'p')
    return m * 1024 > hashCeilings.memoryBytes || t > hashCeilings.passes || m < 8 * p || t < 1 || p < 1
  }],
  [/^\$(?:2b|sha256-bcrypt)\$/, cost => Number(cost) > hashCeilings.bcryptCost || Number(cost) < 4],
  [/^\$scrypt/, parameters => {
    const numbers = numbersIn(parameters, 'ln', 'r', 'p')
    return !(scryptMemory(numbers) <= hashCeilings.memoryBytes) || !Number.isInteger(numbers.ln) || numbers.ln < 1
  }],
  [/^\$fbscrypt/, parameters => {
    const { n: ln, r } = numbersIn(parameters, 'n', 'r')
    return scryptMemory({ ln, r, p: 1 }) > hashCeilings.memoryBytes || ln < 1
  }],
  [/^\$pbkdf2/, parameters => {
    const { i, l } = numbersIn(parameters, 'i', 'l')
    return i > hashCeilings.rounds || i < 1 || l > 64
  }]
]

/** Whether it costs more than it may, or has parameters with which nothing can be computed. */
function isTooCostly (hash: string): boolean {
  const [, , parameters = '', next = ''] = hash.split('$')
  return ceilingOf.some(([prefix, isTooCostly]) => prefix.test(hash) && isTooCostly(parameters, next))
}
