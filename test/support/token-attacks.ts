import { createHmac, generateKeyPairSync } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import type { KeyMaterial } from '../../src/core/keys/jws-engine.js'
import { encode, properHeader, signed, signedClaims, signedText, withSignature } from './forging.js'

/* Tokens that must be refused, by what is wrong with them. What a part holds is right wherever it is not the attack. */

export type Attacks = Record<string, string[]>

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Other spellings of a good token, and what looks like one from afar. */
export function misspellings (token: string): Attacks {
  const parts = token.split('.')
  const [header = '', payload = '', signature = ''] = parts
  const eachPart = (change: (part: string) => string[]) => parts.flatMap((part, index) =>
    change(part).map(changed => parts.with(index, changed).join('.')))
  const json = { payload, protected: header, signature }
  return {
    'another last character of the same bytes': eachPart(otherLastCharacters),
    padding: eachPart(part => [`${part}=`, `${part}==`, part.padEnd(Math.ceil(part.length / 4) * 4 + 4, '=')]),
    'white space': [' ', '\t', '\n', '\r\n', '\v', '\u00a0', '\u2028', '\ufeff'].flatMap(space => [
      space + token, token + space,
      ...eachPart(part => [space + part, part + space, part[0] + space + part.slice(1)])
    ]),
    'characters a lenient decoder skips': ['\0', '?', '!', '%', '"', '\u200b'].flatMap(character =>
      eachPart(part => [character + part, part + character, part.slice(0, 5) + character + part.slice(5)])),
    'an empty part': eachPart(() => ['']),
    'one character, which encodes no byte': eachPart(() => ['A']),
    'too few parts': [
      '', '.', '..', header, `${header}.${payload}`, `${header}.${payload}.`, `.${payload}.${signature}`
    ],
    'too many parts': [
      `${token}.`, `.${token}`, `${token}.${signature}`, `${token}..`, `${header}.AAAA.${payload}.AAAA.${signature}`
    ],
    'the JSON serialisations': [
      JSON.stringify(json),
      JSON.stringify({ ...json, header: {} }),
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] })
    ],
    'what a header line may carry around it': [
      `Bearer ${token}`, `bearer ${token}`, `Bearer Bearer ${token}`, `"${token}"`, `${token},${token}`, `${token};`,
      encodeURIComponent(token).replaceAll('.', '%2E')
    ],
    'the other base64 alphabet': [token.replaceAll('-', '+').replaceAll('_', '/')]
  }
}

/** Texts that a lenient reader decodes to the same bytes, by the bits of the last character that mean nothing. */
function otherLastCharacters (part: string): string[] {
  const bytes = Buffer.from(part, 'base64url')
  return [...base64url].map(last => part.slice(0, -1) + last)
    .filter(other => other !== part && Buffer.from(other, 'base64url').equals(bytes))
}

/** Headers under which nothing is a token, though the signature over them is the key's own. */
export function misread (key: KeyMaterial, claims: Record<string, unknown>): Attacks {
  const header = properHeader(key)
  const json = JSON.stringify(header)
  const good = signed(key, header, claims)
  return {
    'a header that is no object': ['[]', `[${json}]`, '"header"', '1', 'null', 'true', '', '{', `${json}x`, json + json]
      .map(text => signed(key, text, claims)),
    'a payload that is no object': ['[]', `[${JSON.stringify(claims)}]`, '"sub"', '1', 'null', 'true', 'NaN', 'foo']
      .map(text => signed(key, header, text)),
    'a payload that is spelled otherwise': ['x', 'xx', 'xxx']
      .flatMap(x => otherLastCharacters(encode({ ...claims, x })))
      .map(payload => signedText(key, `${encode(header)}.${payload}`)),
    'a byte order mark': [
      signed(key, `\ufeff${json}`, claims), signed(key, header, `\ufeff${JSON.stringify(claims)}`)
    ],
    'a token in a token': [signed(key, { ...header, cty: 'JWT' }, good)],
    'a compressed payload': [signed(key, { ...header, zip: 'DEF' }, deflateRawSync(JSON.stringify(claims)))],
    'a payload that is not encoded': [`${encode({ ...header, b64: false })}.${JSON.stringify(claims)}.AAAA`],
    'more than 8 KiB': [
      signed(key, { ...header, x: 'x'.repeat(64_000) }, claims),
      signed(key, { ...header, kid: 'k'.repeat(100_000) }, claims),
      signed(key, header, { ...claims, x: '['.repeat(100_000) }),
      signed(key, header, { ...claims, x: 'x'.repeat(10_000_000) })
    ],
    'depth without end': ['[', '{"a":'].flatMap(open =>
      [signed(key, header, open.repeat(1_000)), signed(key, open.repeat(1_000), claims)])
  }
}

/** Parts that are JSON only to a decoder that replaces what it cannot read (RFC 7515 5.2, steps 3 and 10). */
export function notUtf8 (key: KeyMaterial, claims: Record<string, unknown>): Attacks {
  const header = properHeader(key)
  const spoiled = (part: object, bytes: number[]) =>
    Buffer.concat([Buffer.from(`${JSON.stringify(part).slice(0, -1)},"x":"`), Buffer.from(bytes), Buffer.from('"}')])
  const faults = [[0xff], [0xc3, 0x28], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]
  return {
    'in the header': faults.map(bytes => signed(key, spoiled(header, bytes), claims)),
    'in the payload': faults.map(bytes => signed(key, header, spoiled(claims, bytes)))
  }
}

/** Headers that ask for another algorithm, another kind of token or an extension; the signature is the key's own. */
export function otherHeaders (key: KeyMaterial, claims: Record<string, unknown>): Attacks {
  const { alg, ...rest } = properHeader(key)
  const each = (headers: Array<Record<string, unknown>>) => headers.map(header => signed(key, header, claims))
  const otherNames = [
    'none', 'None', 'NONE', 'nOnE', '', ' ', 'HS256', 'HS384', 'HS512', 'ES256', 'ES384', 'ES512', 'ES256K', 'RS256',
    'RS1', 'PS256', 'EdDSA', 'Ed25519', 'dir', '__proto__', 'constructor', 'toString',
    `${key.algorithm}\0`, ` ${key.algorithm}`, key.algorithm.toLowerCase()
  ].filter(name => name !== key.algorithm)
  const otherValues = [...otherNames, null, 0, true, {}, [key.algorithm], undefined]
  return {
    'another algorithm': each(otherValues.map(other => ({ ...rest, alg: other }))),
    'an algorithm named twice, the last one wrong': [
      signed(key, `{"alg":"${key.algorithm}","typ":"JWT","alg":"none"}`, claims)
    ],
    'no signature but alg none': otherNames.slice(0, 4).map(name =>
      `${encode({ ...rest, alg: name })}.${encode(claims)}.${encode('x')}`),
    'another type': each([
      undefined, null, '', 'jwt', 'Jwt', 'JWT ', 'at+JWT', 'application/at+jwt', 'JWE', 'dpop+jwt', ['JWT'], {}, 0
    ].map(typ => ({ ...rest, alg, typ }))),
    'a critical extension': each([['exp'], ['b64'], ['unknown'], [], 'exp', null, {}, 0]
      .map(crit => ({ ...rest, alg, crit, exp: 1, b64: false }))),
    'a header that is hidden in a prototype': [signed(key, `{"__proto__":${JSON.stringify({ alg, ...rest })}}`, claims)]
  }
}

/** Signatures made without the key, under a header that is in order. */
export function forgedSignatures (key: KeyMaterial, claims: Record<string, unknown>): Attacks {
  const good = signedClaims(key, claims)
  const signature = Buffer.from(good.slice(good.lastIndexOf('.') + 1), 'base64url')
  const other = signedClaims(key, { ...claims, more: true })
  const each = (signatures: Array<Buffer | string>) => signatures.map(forged => withSignature(good, forged))
  return {
    'of another token': [`${good.slice(0, good.lastIndexOf('.'))}${other.slice(other.lastIndexOf('.'))}`],
    'of nothing but zeros or ones': each([0x00, 0xff].map(byte => Buffer.alloc(signature.length, byte))),
    'cut short or drawn out': each([
      signature.subarray(0, 1), signature.subarray(0, -1), signature.subarray(1),
      ...[[signature, Buffer.alloc(1)], [Buffer.alloc(1), signature], [signature, signature]]
        .map(pieces => Buffer.concat(pieces))
    ]),
    'by somebody else, whose key stands in the header': ownKeyInHeader(key, claims),
    'by HMAC with what is public': key.algorithm === 'HS256' ? [] : publicKeyAsSecret(key, claims)
  }
}

/** ECDSA signatures that a careless library takes for any message, and second spellings of a good one. */
export function forgedEcdsa (key: KeyMaterial, claims: Record<string, unknown>): Attacks {
  const good = signedClaims(key, claims)
  const bytes = Buffer.from(good.slice(good.lastIndexOf('.') + 1), 'base64url')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
  const r = BigInt(`0x${bytes.toString('hex', 0, 32)}`)
  const s = BigInt(`0x${bytes.toString('hex', 32)}`)
  const half = (value: bigint, size = 32) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')
  const pair = (first: bigint, second: bigint, size = 32) => Buffer.concat([half(first, size), half(second, size)])
  const der = (value: Buffer) => (value[0] ?? 0) > 127
    ? Buffer.concat([Buffer.from([2, 33, 0]), value])
    : Buffer.concat([Buffer.from([2, 32]), value])
  const integers = Buffer.concat([der(half(r)), der(half(s))])
  const edges = [0n, 1n, order - 1n, order, order + 1n, prime, 2n ** 256n - 1n]
  const each = (signatures: Buffer[]) => signatures.map(forged => withSignature(good, forged))
  return {
    'r and s at the edges': each(edges.flatMap(first => edges.map(second => pair(first, second)))),
    'r or s beyond the order': each([pair(r, s + order, 33), pair(r + order, s, 33), pair(r, s, 33)]),
    'the other s': each([pair(r, order - s)]),
    'r and s exchanged': each([pair(s, r)]),
    'in DER': each([Buffer.concat([Buffer.from([0x30, integers.length]), integers])])
  }
}

/** RFC 7515 4.1: hints where the key may be found. Following one is trusting the sender. */
function ownKeyInHeader (key: KeyMaterial, claims: Record<string, unknown>): string[] {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const own: KeyMaterial = { kid: key.kid, algorithm: 'ES256', signingKey: privateKey, verifyingKey: publicKey }
  const [jwk, secretJwk] = [publicKey, privateKey].map(half => half.export({ format: 'jwk' }))
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const der = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  const hints = [
    {}, { jwk }, { jwk: secretJwk }, { jwk: { ...jwk, kid: key.kid } }, { jwk: { kty: 'oct', k: '' } },
    { x5c: [der] }, { x5c: pem }, { jku: 'http://127.0.0.1:9/jwks.json' }, { x5u: 'http://127.0.0.1:9/cert.pem' }, { x5t: 'AAAA' }
  ]
  return hints.flatMap(hint => [
    signed(own, { ...properHeader(own), ...hint }, claims),
    signed(own, { ...properHeader(own), alg: key.algorithm, ...hint }, claims)
  ])
}

/** RFC 8725 2.1: a public key in all its spellings, taken for an HMAC secret. */
function publicKeyAsSecret (key: KeyMaterial, claims: Record<string, unknown>): string[] {
  const pems = key.algorithm === 'RS256'
    ? (['spki', 'pkcs1'] as const).map(type => key.verifyingKey.export({ format: 'pem', type }).toString())
    : [key.verifyingKey.export({ format: 'pem', type: 'spki' }).toString()]
  const jwk = key.verifyingKey.export({ format: 'jwk' })
  const whole = { ...jwk, alg: key.algorithm, kid: key.kid, use: 'sig' }
  const sorted = Object.fromEntries(Object.entries(jwk).sort())
  const secrets: Array<string | Buffer> = [
    ...pems.flatMap(pem => [pem, pem.trimEnd(), pem.replaceAll('\n', '\r\n'), ` ${pem}`, `\n${pem}`, `\ufeff${pem}`,
      `key:\n${pem}`, pem.split('\n').slice(1, -2).join('')]),
    key.verifyingKey.export({ format: 'der', type: 'spki' }),
    ...[jwk, whole, sorted, { keys: [whole] }, { keys: [jwk] }].flatMap(value =>
      [JSON.stringify(value), JSON.stringify(value, null, 2)]),
    ...Object.values(jwk).flatMap(value => [String(value), Buffer.from(String(value), 'base64url')]),
    key.kid, '', '\0', 'secret'
  ]
  return secrets.flatMap(secret => (['256', '384', '512'] as const).flatMap(bits => {
    const input = (alg: string) => `${encode({ ...properHeader(key), alg })}.${encode(claims)}`
    const hmac = (text: string) => `${text}.${createHmac(`sha${bits}`, secret).update(text).digest('base64url')}`
    return [hmac(input(`HS${bits}`)), hmac(input(key.algorithm))]
  }))
}

/**
 * A good token whose payload and signature hold characters that the two base64 alphabets spell differently, and,
 * as far as they can, unused bits at their end.
 */
export function tellingToken (key: KeyMaterial, claims: Record<string, unknown>): string {
  const telling = (part: object) => [0, 1, 2].map(length => ({ ...part, x: `???>>>~~~${'x'.repeat(length)}` }))
    .find(part => encode(part).length % 4 !== 0)
  for (let n = 0; n < 1_000; n += 1) {
    const token = signedClaims(key, { ...telling({ ...claims, n }) })
    if (token.split('.').slice(1).every(part => /[-_]/.test(part))) return token
  }
  throw new Error('no such token')
}

/** Other texts for the header that Keyturn writes; a reader of JSON takes them all, the signature is the key's own. */
export function otherHeaderTexts (key: KeyMaterial, claims: Record<string, unknown>): Attacks {
  const { alg, typ, kid } = properHeader(key)
  const json = JSON.stringify({ alg, typ, kid })
  const each = (headers: Array<string | Record<string, unknown>>) => headers.map(header => signed(key, header, claims))
  return {
    'another order': each([{ typ, alg, kid }, { kid, alg, typ }]),
    'white space': each([` ${json}`, `${json}\n`, JSON.stringify({ alg, typ, kid }, null, 2)]),
    'other escapes': each([json.replace('JWT', '\\u004aWT')]),
    'a member twice': each([`{"alg":"none",${json.slice(1)}`, `{"kid":"x",${json.slice(1)}`]),
    'a member more': each([{ jwk: {} }, { b64: false }, { x5c: [] }, { cty: 'JWT' }, { x: '' }]
      .map(more => ({ alg, typ, kid, ...more })))
  }
}
