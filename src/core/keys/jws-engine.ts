import type { KeyObject } from 'node:crypto'
import type { SignatureAlgorithmName } from './signature-algorithms.js'

/** A key for one algorithm only (RFC 8725 3.1). */
export interface KeyMaterial {
  kid: string
  algorithm: SignatureAlgorithmName
  signingKey: KeyObject
  verifyingKey: KeyObject
}

/** The kinds of token that are signed: access tokens, and security events (RFC 8417 2.3). */
export type JwsType = 'JWT' | 'secevent+jwt'

/** Signs and verifies with one key, which was prepared when the engine was opened. */
export interface JwsEngine {
  /** A token in compact form; its header has `alg`, `typ` and `kid`, in this order. */
  sign (claims: object, typ: JwsType): string
  /**
   * The claims of an access token that the key signed, else `null`. How the token is spelled, and what else its
   * header holds, is for the caller to check. @throws Error when the engine fails
   */
  verify (token: string): object | null
  /** Frees what the engine holds. */
  close (): Promise<void>
}

export type OpenEngine = (key: KeyMaterial) => Promise<JwsEngine>

/** A key that is ready to sign and to verify. */
export interface JwsKey extends KeyMaterial {
  engine: JwsEngine
  /** The encoded header of its access tokens. */
  header: string
}

/** Opens a key's engine. @throws Error when the key is not for its algorithm */
export async function openKey (key: KeyMaterial, openEngine: OpenEngine): Promise<JwsKey> {
  const header = JSON.stringify({ alg: key.algorithm, typ: 'JWT', kid: key.kid })
  return { ...key, engine: await openEngine(key), header: Buffer.from(header).toString('base64url') }
}
