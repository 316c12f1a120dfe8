import { openKey, type JwsKey, type KeyMaterial, type OpenEngine } from './jws-engine.js'

/** Holds the engines of the known keys, since preparing a key costs as much as a hundred signatures. */
export function createKeyEngines (openEngine: OpenEngine) {
  let kept: readonly JwsKey[] = []

  return {
    /** The key with the engine it has already, or a new one. */
    async open (key: KeyMaterial): Promise<JwsKey> {
      return kept.find(other => isSame(other, key)) ?? openKey(key, openEngine)
    },

    /** Closes the engines of all keys but these. */
    async keepOnly (keys: readonly JwsKey[]): Promise<void> {
      const dropped = kept.filter(key => !keys.includes(key))
      kept = keys
      await Promise.all(dropped.map(({ engine }) => engine.close()))
    }
  }
}

/**
 * A name alone does not make a key the same. Keys of two kinds must not be compared: OpenSSL 3 keeps that failure,
 * and Node.js throws it when it next reads a key.
 */
function isSame (one: KeyMaterial, other: KeyMaterial): boolean {
  return one.kid === other.kid && one.algorithm === other.algorithm && one.verifyingKey.equals(other.verifyingKey)
}
