import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { ClientHello } from './client-hello.ts'
import { RANDOM_AT, RANDOM_SIZE } from './constants.ts'

const SHA256_BLOCK = 64
const SHA256_SIZE = 32
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c

/** Bytes of the digest that prove the secret; the last four carry the time. */
const PROOF_SIZE = 28

/** Clocks that show less count from the device's boot: 1000 days, mtprotoproxy's bound. */
const BOOT_CLOCK_END = 86_400_000

/** What each candidate secret is tried against; made once per hello. */
export interface DigestChallenge {
  /** Room for a padded key, then the hello's record with its random zeroed: what the inner hash of HMAC is over. */
  readonly inner: Buffer
  /** The 32 bytes received in the random's place. */
  readonly random: Buffer
}

export function digestChallenge(hello: ClientHello): DigestChallenge {
  const { record, random } = hello
  const inner = Buffer.alloc(SHA256_BLOCK + record.length, INNER_PAD)
  inner.set(record, SHA256_BLOCK)
  inner.fill(0, SHA256_BLOCK + RANDOM_AT, SHA256_BLOCK + RANDOM_AT + RANDOM_SIZE)
  return { inner, random }
}

/** What the outer hash of HMAC is over: the padded key, and the inner hash. */
const outer = Buffer.alloc(SHA256_BLOCK + SHA256_SIZE, OUTER_PAD)
const digest = Buffer.alloc(SHA256_SIZE)

/**
 * Unix seconds (u32) that the hello carries if its random is this secret's digest, else undefined:
 * random = HMAC-SHA256(secret, zeroed) with the time XORed into its last four bytes, little-endian (TDLib TlsInit.cpp).
 *
 * HMAC (RFC 2104) from two hashes at one go, because a search is made of nothing else, and the objects of `createHmac` cost
 * as much as its hashing. Text, because it is cheaper than a Buffer for each.
 *
 * @param secret 16 bytes
 */
export function digestTime({ inner, random }: DigestChallenge, secret: Uint8Array): number | undefined {
  for (let i = 0; i < secret.length; i++) {
    inner[i] = secret[i]! ^ INNER_PAD
    outer[i] = secret[i]! ^ OUTER_PAD
  }
  outer.write(hash('sha256', inner, 'latin1'), SHA256_BLOCK, 'latin1')
  digest.write(hash('sha256', outer, 'latin1'), 'latin1')
  // Always all 28 bytes: how many agree must not show in the time taken.
  let difference = 0
  for (let i = 0; i < PROOF_SIZE; i++) difference |= digest[i]! ^ random[i]!
  if (difference !== 0) return undefined
  return (digest.readUInt32LE(PROOF_SIZE) ^ random.readUInt32LE(PROOF_SIZE)) >>> 0
}

export type ClockVerdict = 'ok' | 'behind' | 'ahead' | 'from_boot'

/** Compares the hello's clock with ours, all in seconds; a difference of exactly `skewSeconds` is 'ok'. */
export function clockVerdict(helloSeconds: number, nowSeconds: number, skewSeconds: number): ClockVerdict {
  if (helloSeconds < BOOT_CLOCK_END) return 'from_boot'
  if (helloSeconds < nowSeconds - skewSeconds) return 'behind'
  return helloSeconds > nowSeconds + skewSeconds ? 'ahead' : 'ok'
}
