import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'

/** The block that a padded key fills. */
const BLOCK = 64
const SIZE = 32
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c

/** A message of this length with room for the padded key before it: what the inner hash of HMAC is over. */
export interface HmacInput {
  readonly padded: Buffer
  /** To be filled by the caller. */
  readonly message: Buffer
}

export function hmacInput(length: number): HmacInput {
  const padded = Buffer.allocUnsafe(BLOCK + length).fill(INNER_PAD, 0, BLOCK)
  return { padded, message: padded.subarray(BLOCK) }
}

/** What the outer hash of HMAC is over: the padded key, and the inner hash. */
const outer = Buffer.alloc(BLOCK + SIZE, OUTER_PAD)
const digest = Buffer.alloc(SIZE)

/**
 * HMAC-SHA256 (RFC 2104) from two hashes at one go, because a search of a user is made of nothing else, and the objects of
 * `createHmac` cost as much as its hashing. Text, because it is cheaper than a Buffer for each.
 *
 * @param key 16 bytes
 * @returns 32 bytes, valid until the next call
 */
export function hmacSha256({ padded }: HmacInput, key: Uint8Array): Buffer {
  for (let i = 0; i < key.length; i++) {
    padded[i] = key[i]! ^ INNER_PAD
    outer[i] = key[i]! ^ OUTER_PAD
  }
  outer.write(hash('sha256', padded, 'latin1'), BLOCK, 'latin1')
  digest.write(hash('sha256', outer, 'latin1'), 'latin1')
  return digest
}
