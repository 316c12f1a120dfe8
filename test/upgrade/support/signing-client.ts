import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { say } from './conversation.js'
import type { OldRelease } from './old-release.js'

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Adds a client that signs (RFC 7523) and sends one request of it, which leaves the name of its assertion. */
export async function useSigningClient (release: OldRelease, issuer: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const scratch = await mkdtemp(join(tmpdir(), 'keyturn-fixture-'))
  const keys = join(scratch, 'keys.json')
  await writeFile(keys, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }))
  const made = await release.command(['client', 'add', 'Signer', '--keys', keys, '--json'])
  await rm(scratch, { recursive: true })

  const { id } = JSON.parse(made) as { id: string }
  const claims = { iss: id, sub: id, aud: issuer, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + 240 }
  const input = `${encoded({ alg: 'ES256' })}.${encoded(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const { status } = await release.serving({}, addresses => say(addresses, {
    at: 'api',
    route: 'POST /oauth/introspect',
    form: {
      token: 'none',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${input}.${signature.toString('base64url')}`
    }
  }))
  if (status !== 200) throw new Error(`the assertion was refused: ${status}`)
}
