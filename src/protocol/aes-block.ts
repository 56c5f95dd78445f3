/**
 * One block of AES-256 (FIPS 197) without a cipher object. Only for trying many keys on a few bytes: an object of node:crypto for each
 * costs 10 µs, and the collector stops the loop for tens of milliseconds when it takes thousands of them away. A block here costs 3 µs.
 * Its time depends on the data by the cache; nothing that is kept secret for long is given to it but keys that an init names.
 */

const ROUNDS = 14
const KEY_WORDS = 8
const SCHEDULE_WORDS = 4 * (ROUNDS + 1)

const SBOX = substitutions()
/** SubBytes and MixColumns of one byte of a column, as a big-endian word. */
const MIXED = Uint32Array.from(SBOX, (s) => (double(s) << 24) | (s << 16) | (s << 8) | (double(s) ^ s))

/** @param key 32 bytes @param block 16 bytes @returns the encrypted block as four big-endian words */
export function encryptBlock(key: Uint8Array, block: Uint8Array): [number, number, number, number] {
  const schedule = expand(key)
  let a = wordAt(block, 0) ^ schedule[0]!
  let b = wordAt(block, 4) ^ schedule[1]!
  let c = wordAt(block, 8) ^ schedule[2]!
  let d = wordAt(block, 12) ^ schedule[3]!
  for (let at = 4; at < 4 * ROUNDS; at += 4) {
    const nextA = mixed(a, b, c, d) ^ schedule[at]!
    const nextB = mixed(b, c, d, a) ^ schedule[at + 1]!
    const nextC = mixed(c, d, a, b) ^ schedule[at + 2]!
    d = mixed(d, a, b, c) ^ schedule[at + 3]!
    a = nextA
    b = nextB
    c = nextC
  }
  const [lastA, lastB, lastC, lastD] = schedule.subarray(4 * ROUNDS)
  return [
    (shifted(a, b, c, d) ^ lastA!) >>> 0,
    (shifted(b, c, d, a) ^ lastB!) >>> 0,
    (shifted(c, d, a, b) ^ lastC!) >>> 0,
    (shifted(d, a, b, c) ^ lastD!) >>> 0,
  ]
}

/** A column of the next state; the columns that it takes its bytes from follow one another. */
function mixed(a: number, b: number, c: number, d: number): number {
  return (
    MIXED[a >>> 24]! ^
    right(MIXED[(b >>> 16) & 0xff]!, 8) ^
    right(MIXED[(c >>> 8) & 0xff]!, 16) ^
    right(MIXED[d & 0xff]!, 24)
  )
}

/** The same of the last round, which mixes no columns. */
function shifted(a: number, b: number, c: number, d: number): number {
  return (
    (SBOX[a >>> 24]! << 24) |
    (SBOX[(b >>> 16) & 0xff]! << 16) |
    (SBOX[(c >>> 8) & 0xff]! << 8) |
    SBOX[d & 0xff]!
  )
}

function expand(key: Uint8Array): Uint32Array {
  const words = new Uint32Array(SCHEDULE_WORDS)
  for (let at = 0; at < KEY_WORDS; at++) words[at] = wordAt(key, 4 * at)
  let constant = 1
  for (let at = KEY_WORDS; at < SCHEDULE_WORDS; at++) {
    let word = words[at - 1]!
    if (at % KEY_WORDS === 0) {
      word = substituted(right(word, 24)) ^ (constant << 24)
      constant = double(constant)
    } else if (at % KEY_WORDS === 4) word = substituted(word)
    words[at] = words[at - KEY_WORDS]! ^ word
  }
  return words
}

function substituted(word: number): number {
  return shifted(word, word, word, word)
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function right(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

/** In the field of FIPS 197 §4.2. */
function double(byte: number): number {
  return ((byte << 1) ^ (byte & 0x80 ? 0x11b : 0)) & 0xff
}

/** FIPS 197 §5.1.1: the inverse in the field, found by running through it with a generator, then the affine map. */
function substitutions(): Uint8Array {
  const powers = new Uint8Array(255)
  for (let at = 0, power = 1; at < 255; at++) {
    powers[at] = power
    power ^= double(power)
  }
  const box = new Uint8Array(256)
  box[0] = 0x63
  for (let at = 0; at < 255; at++) {
    const inverse = powers[(255 - at) % 255]!
    const twice = inverse * 0x101
    const mapped = inverse ^ (twice >> 4) ^ (twice >> 5) ^ (twice >> 6) ^ (twice >> 7)
    box[powers[at]!] = (mapped & 0xff) ^ 0x63
  }
  return box
}
