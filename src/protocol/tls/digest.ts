import { Buffer } from 'node:buffer'
import { type HmacInput, hmacInput, hmacSha256 } from '../hmac-sha256.ts'
import { LANES } from '../sha256/hmac-lanes.ts'
import type { ClientHello } from './client-hello.ts'
import { RANDOM_AT, RANDOM_SIZE } from './constants.ts'

/** Bytes of the digest that prove the secret; the last four carry the time, and whoever has a hello can change them. */
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

export interface LaneMatch {
  readonly lane: number
  /** As {@link digestTime}. */
  readonly seconds: number
}

/**
 * The same for several secrets whose HMACs are there already.
 * @param digests word n of lane m, big-endian, at LANES·n + m
 * @param lanes how many of them hold one
 */
export function digestTimeInLanes(
  { random }: DigestChallenge,
  digests: Int32Array,
  lanes: number,
): LaneMatch | undefined {
  for (let lane = 0; lane < lanes; lane++) {
    let difference = 0
    for (let word = 0; word < PROOF_SIZE / 4; word++) {
      difference |= digests[word * LANES + lane]! ^ random.readInt32BE(word * 4)
    }
    if (difference !== 0) continue
    const carried = Buffer.alloc(4)
    carried.writeInt32BE(digests[(PROOF_SIZE / 4) * LANES + lane]! ^ random.readInt32BE(PROOF_SIZE))
    return { lane, seconds: carried.readUInt32LE() }
  }
  return undefined
}

export type ClockVerdict = 'ok' | 'behind' | 'ahead' | 'from_boot'

/** Compares the hello's clock with ours, all in seconds; a difference of exactly `skewSeconds` is 'ok'. */
export function clockVerdict(helloSeconds: number, nowSeconds: number, skewSeconds: number): ClockVerdict {
  if (helloSeconds < BOOT_CLOCK_END) return 'from_boot'
  if (helloSeconds < nowSeconds - skewSeconds) return 'behind'
  return helloSeconds > nowSeconds + skewSeconds ? 'ahead' : 'ok'
}
