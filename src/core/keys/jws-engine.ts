import type { KeyObject } from 'node:crypto'
import type { SignatureAlgorithmName } from './signature-algorithms.js'

/** A key for one algorithm only (RFC 8725 3.1). */
export interface KeyMaterial {
  kid: string
  algorithm: SignatureAlgorithmName
  signingKey: KeyObject
  verifyingKey: KeyObject
}

/** The types of access tokens: as the contracts' specifications show them, and that of RFC 9068 2.1. */
export const accessTokenTypes = ['JWT', 'at+jwt'] as const

export type AccessTokenType = typeof accessTokenTypes[number]

/** The types of tokens that are signed: access tokens, and security events (RFC 8417 2.3). */
export type JwsType = AccessTokenType | 'secevent+jwt'

/** Signs and verifies with one key, which was prepared when the engine was opened. */
export interface JwsEngine {
  /** A token in compact form; its header has `alg`, `typ` and `kid`, in this order. */
  sign (claims: object, typ: JwsType): string
  /**
   * The claims of an access token of this type (`JWT` if left out) that the key signed, else `null`. How the token is
   * spelled, and what else its header holds, is for the caller to check. @throws Error when the engine fails
   */
  verify (token: string, typ?: AccessTokenType): object | null
  /** Frees what the engine holds. */
  close (): Promise<void>
}

export type OpenEngine = (key: KeyMaterial) => Promise<JwsEngine>

/** A key that is ready to sign and to verify. */
export interface JwsKey extends KeyMaterial {
  engine: JwsEngine
  /** The encoded headers of its access tokens. */
  headers: Record<AccessTokenType, string>
}

/** Opens a key's engine. @throws Error when the key is not for its algorithm */
export async function openKey (key: KeyMaterial, openEngine: OpenEngine): Promise<JwsKey> {
  const encodedHeader = (typ: AccessTokenType) =>
    Buffer.from(JSON.stringify({ alg: key.algorithm, typ, kid: key.kid })).toString('base64url')
  const headers = { JWT: encodedHeader('JWT'), 'at+jwt': encodedHeader('at+jwt') }
  return { ...key, engine: await openEngine(key), headers }
}
