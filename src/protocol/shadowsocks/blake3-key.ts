import { Buffer } from 'node:buffer'

/** BLAKE3 §2.1: the words of SHA-256's initial state. */
const IV = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
] as const
/** BLAKE3 §2.2: the order of the message words in each further round. */
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8] as const
const ROUNDS = 7
const BLOCK = 64
const WORDS = 16
const CHUNK_START = 1
const CHUNK_END = 2
const ROOT = 8
const DERIVE_KEY_CONTEXT = 32
const DERIVE_KEY_MATERIAL = 64

/** The quarter rounds of one round: first the columns, then the diagonals. */
const MIXED = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/**
 * BLAKE3's derive_key for what fits one block, which is all that Shadowsocks asks of it: 32 bytes.
 * node:crypto has no BLAKE3.
 * @throws RangeError for a context or key material of more than 64 bytes
 */
export function blake3DeriveKey(context: string, material: Uint8Array): Buffer {
  const key = hashBlock(IV, Buffer.from(context, 'utf8'), DERIVE_KEY_CONTEXT)
  return toBytes(hashBlock(key, material, DERIVE_KEY_MATERIAL))
}

/** The hash of a message of one block: its only chunk's only block is the root. */
function hashBlock(key: ArrayLike<number>, bytes: Uint8Array, mode: number): Uint32Array {
  if (bytes.length > BLOCK)
    throw new RangeError(`one block of BLAKE3 has ${BLOCK} bytes, not ${bytes.length}`)
  const block = Buffer.alloc(BLOCK)
  block.set(bytes)
  let message = Array.from({ length: WORDS }, (_, at) => block.readUInt32LE(at * 4))
  const state = new Uint32Array(WORDS)
  state.set(Array.from(key))
  state.set(IV.slice(0, 4), 8)
  // The counter is zero.
  state[14] = bytes.length
  state[15] = mode | CHUNK_START | CHUNK_END | ROOT
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, [a, b, c, d]] of MIXED.entries()) {
      mix(state, a, b, c, d, message[at * 2]!, message[at * 2 + 1]!)
    }
    message = PERMUTATION.map((from) => message[from]!)
  }
  return Uint32Array.from({ length: 8 }, (_, at) => state[at]! ^ state[at + 8]!)
}

function mix(s: Uint32Array, a: number, b: number, c: number, d: number, x: number, y: number): void {
  let [p, q, r, t] = [s[a]!, s[b]!, s[c]!, s[d]!]
  p = (p + q + x) | 0
  t = rotate(t ^ p, 16)
  r = (r + t) | 0
  q = rotate(q ^ r, 12)
  p = (p + q + y) | 0
  t = rotate(t ^ p, 8)
  r = (r + t) | 0
  q = rotate(q ^ r, 7)
  s[a] = p
  s[b] = q
  s[c] = r
  s[d] = t
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function toBytes(words: Uint32Array): Buffer {
  const bytes = Buffer.alloc(words.length * 4)
  for (const [at, word] of words.entries()) bytes.writeUInt32LE(word, at * 4)
  return bytes
}
