import { createHmac, randomBytes, randomInt } from 'node:crypto'
import type { ChallengePurpose } from '../../db/stored-values.js'
import type { Keyring, Keys } from '../keys/keyring.js'
import { seal, unseal } from '../keys/sealing.js'

const codeDigits = 8
const secretBytes = 32
const idBytes = 16

/** What a link's token says: whose challenge it is, which, and the secret that proves it. */
export interface LinkToken {
  accountId: string
  id: string
  secret: Buffer
}

/** Eight decimal digits, each as likely as any other. */
export function makeCode (): string {
  return String(randomInt(10 ** codeDigits)).padStart(codeDigits, '0')
}

const macOf = ({ challenge }: Keys, ...parts: string[]) =>
  createHmac('sha256', challenge).update(JSON.stringify(parts)).digest()

/** The hash under which a code is stored, and the one from before the secret was changed; the same if it was not. */
export interface CodeHashes {
  current: Buffer
  previous: Buffer
}

/** The hashes of a code. */
export function codeHashes (
  keyring: Keyring, accountId: string, purpose: ChallengePurpose, code: string
): CodeHashes {
  // People type spaces into long numbers.
  const digits = code.replaceAll(/\s/g, '')
  const [current, previous = current] = keyring
  const hashWith = (keys: Keys) => macOf(keys, accountId, purpose, digits)
  return { current: hashWith(current), previous: hashWith(previous) }
}

/** The id under which the challenges of an address without an account are kept; no account has it. */
export function standInId (keyring: Keyring, email: string): string {
  return toUuid(macOf(keyring[0], 'address', email).subarray(0, idBytes))
}

export function makeLinkSecret (): Buffer {
  return randomBytes(secretBytes)
}

/** The token of a link: 512 bits, of which 256 are secret, in base64url. */
export function formatLinkToken ({ accountId, id, secret }: LinkToken): string {
  return Buffer.concat([fromUuid(accountId), fromUuid(id), secret]).toString('base64url')
}

/** Returns `null` for a text that is no such token. */
export function parseLinkToken (text: string): LinkToken | null {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== 2 * idBytes + secretBytes || bytes.toString('base64url') !== text) return null
  return {
    accountId: toUuid(bytes.subarray(0, idBytes)),
    id: toUuid(bytes.subarray(idBytes, 2 * idBytes)),
    secret: bytes.subarray(2 * idBytes)
  }
}

const context = 'challenge id'
const longestEmail = 320

/**
 * Names the address that a code was asked for, without showing it: always of the same length, never twice the same
 * text, and nothing in it tells whether an account has the address.
 */
export function sealChallengeId (keyring: Keyring, email: string): string {
  return seal(keyring, Buffer.from(email.padEnd(longestEmail)), context).toString('base64url')
}

/** The address, or `null` for a text that is no such id. */
export function openChallengeId (keyring: Keyring, challengeId: string): string | null {
  return unseal(keyring, Buffer.from(challengeId, 'base64url'), context)?.toString().trimEnd() ?? null
}

function toUuid (bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function fromUuid (id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}
