import { Buffer } from 'node:buffer'
import { createPrivateKey, createPublicKey } from 'node:crypto'

// Public keys that a server can use: it refuses an ML-KEM key with a coefficient out of range, and an X25519 key of
// small order. Their private halves are thrown away: a FakeTLS client never computes the shared key.

/** PKCS #8 of an X25519 private key (RFC 8410), up to its 32 bytes. */
const X25519_PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex')

export function x25519Share(random: (n: number) => Buffer): Buffer {
  const der = Buffer.concat([X25519_PRIVATE, random(32)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
}

const ML_KEM_PRIME = 3_329
const COEFFICIENTS = 768
const SEED = 32

/** An encapsulation key of ML-KEM-768 (FIPS 203): 768 coefficients of 12 bits, little-endian, then 32 bytes of seed. */
export function mlKem768Share(random: (n: number) => Buffer): Buffer {
  const draw = random(4 * COEFFICIENTS)
  const share = Buffer.alloc((COEFFICIENTS * 3) / 2 + SEED)
  for (let i = 0, at = 0; i < COEFFICIENTS; i += 2, at += 3) {
    const low = draw.readUInt32LE(4 * i) % ML_KEM_PRIME
    const high = draw.readUInt32LE(4 * i + 4) % ML_KEM_PRIME
    share.writeUIntLE(low | (high << 12), at, 3)
  }
  share.set(random(SEED), share.length - SEED)
  return share
}
