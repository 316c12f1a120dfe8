import { readFileSync } from 'node:fs'

/** A hash that another program made, of a password. */
export interface Sample {
  /** The program. */
  by: string
  password: string
  hash: string
}

interface ForeignHashes {
  madeBy: string[]
  samples: Sample[]
  /** The example that Firebase publishes with its scrypt. */
  firebase: { password: string, hash: string, salt: string, parameters: string }
}

/** The file says how each was made. */
export const foreignHashes = JSON.parse(
  readFileSync(new URL('../fixtures/foreign-hashes.json', import.meta.url), 'utf8')) as ForeignHashes

/** The password and the hash of a sample. @throws Error when there is none */
export function sampleBy (by: string): Pick<Sample, 'password' | 'hash'> {
  const found = foreignHashes.samples.find(sample => sample.by === by)
  if (found === undefined) throw new Error(`no sample by ${by}`)
  return { password: found.password, hash: found.hash }
}
