/** The two halves of a server's X25519MLKEM768 share: an ML-KEM-768 ciphertext, then an X25519 public key (draft-ietf-tls-ecdhe-mlkem §4.2). */
export const MLKEM_CIPHERTEXT = 1088
export const X25519MLKEM768 = 0x11ec
export const X25519 = 0x001d

const PRIME = 3329
/** FIPS 203 §4.2.1: Compress_d(x) = round(2^d / q · x) mod 2^d, with d = 10 for the first 768 coefficients of ML-KEM-768. */
const BITS = 10
const VALUES = 1 << BITS
const COEFFICIENTS = 768

/** How many x compress to each value: 3 or 4. */
const preimages = new Uint8Array(VALUES)
for (let x = 0; x < PRIME; x++) preimages[Math.round((VALUES * x) / PRIME) % VALUES]!++
const LOG_RATIO = Float64Array.from(preimages, (count) => Math.log((count * VALUES) / PRIME))

/**
 * How much likelier the first 960 bytes are in a real ML-KEM-768 ciphertext than in random bytes, as a logarithm. A real one's
 * coefficients are compressed from near-uniform x mod 3329, so values with four preimages come more often: about +6.5 for
 * real and −6.5 for random bytes, each with a standard deviation of about 3.6.
 */
export function mlKemLikelihood(ciphertext: Uint8Array): number {
  let [sum, held, bits, at] = [0, 0, 0, 0]
  for (let coefficient = 0; coefficient < COEFFICIENTS; coefficient++) {
    while (bits < BITS) {
      held |= ciphertext[at++]! << bits
      bits += 8
    }
    sum += LOG_RATIO[held & (VALUES - 1)]!
    held >>>= BITS
    bits -= BITS
  }
  return sum
}

const P = 2n ** 255n - 19n
const A = 486662n

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % P]
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}

/** Whether 32 bytes can be a public key that X25519 has computed: top bit clear, and u³ + 486662 u² + u a square (RFC 7748 §4.1, Euler's criterion). */
export function isX25519PublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== 32 || bytes[31]! & 0x80) return false
  const u = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  if (u >= P) return false
  const right = (u * ((u * u + A * u + 1n) % P)) % P
  return right === 0n || power(right, (P - 1n) / 2n) === 1n
}

export interface KeyShareFacts {
  /** undefined where no ML-KEM is in it. */
  readonly likelihood: number | undefined
  readonly topBit: boolean
  readonly onCurve: boolean
}

/** Of a group that has an X25519 half; undefined for any other, or one of a wrong size. */
export function keyShareFacts(group: number, share: Uint8Array): KeyShareFacts | undefined {
  const kem = group === X25519MLKEM768 ? MLKEM_CIPHERTEXT : 0
  if (kem === 0 && group !== X25519) return undefined
  const x25519 = share.subarray(kem)
  if (x25519.length !== 32) return undefined
  return {
    likelihood: kem > 0 ? mlKemLikelihood(share) : undefined,
    topBit: (x25519[31]! & 0x80) !== 0,
    onCurve: isX25519PublicKey(x25519),
  }
}
