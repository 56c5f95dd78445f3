import type { Buffer } from 'node:buffer'
import { type HmacInput, hmacInput, hmacSha256 } from '../hmac-sha256.ts'
import type { ClientHello } from './client-hello.ts'
import { RANDOM_AT, RANDOM_SIZE } from './constants.ts'

/** Bytes of the digest that prove the secret; the last four carry the time. */
const PROOF_SIZE = 28

/** Clocks that show less count from the device's boot: 1000 days, mtprotoproxy's bound. */
const BOOT_CLOCK_END = 86_400_000

/** What each candidate secret is tried against; made once per hello. */
export interface DigestChallenge {
  /** The hello's record with its random zeroed. */
  readonly input: HmacInput
  /** The 32 bytes received in the random's place. */
  readonly random: Buffer
}

export function digestChallenge({ record, random }: ClientHello): DigestChallenge {
  const input = hmacInput(record.length)
  input.message.set(record)
  input.message.fill(0, RANDOM_AT, RANDOM_AT + RANDOM_SIZE)
  return { input, random }
}

/**
 * Unix seconds (u32) that the hello carries if its random is this secret's digest, else undefined:
 * random = HMAC-SHA256(secret, zeroed) with the time XORed into its last four bytes, little-endian (TDLib TlsInit.cpp).
 *
 * @param secret 16 bytes
 */
export function digestTime({ input, random }: DigestChallenge, secret: Uint8Array): number | undefined {
  const digest = hmacSha256(input, secret)
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
