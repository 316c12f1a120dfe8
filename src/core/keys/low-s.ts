const halfBytes = 32
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const maxLowS = toHalf(order / 2n)

/**
 * Of every ES256 signature (r, s) a second one, (r, n - s), can be made without the key. Only the one with the
 * lower s is made and accepted, so that a token cannot be respelled around a cache or a list of digests.
 */
export function hasLowS (signature: Buffer): boolean {
  return signature.length === 2 * halfBytes && signature.compare(maxLowS, 0, halfBytes, halfBytes) <= 0
}

/** The signature with the lower s of the two, given either in 64 bytes (RFC 7518 3.4). */
export function toLowS (signature: Buffer): Buffer {
  if (hasLowS(signature)) return signature
  const s = BigInt(`0x${signature.toString('hex', halfBytes)}`)
  return Buffer.concat([signature.subarray(0, halfBytes), toHalf(order - s)])
}

function toHalf (value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * halfBytes, '0'), 'hex')
}
