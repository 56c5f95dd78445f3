import { ROUND_CONSTANTS, ROUNDS, WORDS_IN_BLOCK, WORDS_OF_STATE } from './constants.ts'
import { Body, moduleOf } from './wasm.ts'

/** Hashes that are computed side by side: 32-bit lanes of a vector of 128 bits. */
export const LANES = 4

const VECTOR = 16

/** Where things stand in the module's memory, in bytes. Vectors hold the same word of each lane. */
export const LAYOUT = {
  /** Eight vectors: read before, written after. */
  state: 0,
  /** 64 vectors, of which the caller writes the first sixteen: a block of each lane's own. */
  own: 128,
  constants: 128 + ROUNDS * VECTOR,
  /** Blocks that all lanes share: 64 words each, expanded, round constants added. */
  shared: 2048,
} as const

/** 64 KiB each: room for {@link LAYOUT} and the longest message that is shared. */
const PAGES = 2
export const MAX_SHARED_BLOCKS = Math.floor((PAGES * 65_536 - LAYOUT.shared) / (ROUNDS * 4))

/**
 * SHA-256's compression function (FIPS 180-4 §6.2.2) for four states at once, as a WebAssembly module with `memory`,
 * `compressShared(blocks)` and `compressOwn()`. Unrolled: each round knows its registers by name, and nothing is moved.
 */
export function lanesModule(): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(ROUND_CONSTANTS.buffer)
  return moduleOf({
    pages: PAGES,
    data: { at: LAYOUT.constants, bytes: data },
    functions: { compressShared: compressShared(), compressOwn: compressOwn() },
  })
}

/** Over so many blocks that all lanes share; the parameter counts them. */
function compressShared(): Body {
  const body = new Body(1)
  const [blocks, at] = [0, body.integer()]
  const state = vectors(body)
  const before = vectors(body)
  for (const word of WORDS) body.constant(0).load(placeOf(word)).set(state[word]!)
  body.loop(() => {
    for (const word of WORDS) body.get(state[word]!).set(before[word]!)
    rounds(body, state, (round) => body.get(at).loadSplat(LAYOUT.shared + round * 4))
    for (const word of WORDS) body.get(state[word]!).get(before[word]!).add().set(state[word]!)
    body
      .get(at)
      .constant(ROUNDS * 4)
      .addInteger()
      .set(at)
    body.get(blocks).constant(1).subtractInteger().tee(blocks)
  })
  for (const word of WORDS) body.constant(0).get(state[word]!).store(placeOf(word))
  return body
}

/** Over one block of each lane's own. */
function compressOwn(): Body {
  const body = new Body(0)
  const state = vectors(body)
  expandOwn(body)
  for (const word of WORDS) body.constant(0).load(placeOf(word)).set(state[word]!)
  rounds(body, state, (round) =>
    body
      .constant(0)
      .load(LAYOUT.own + round * VECTOR)
      .constant(0)
      .loadSplat(LAYOUT.constants + round * 4)
      .add(),
  )
  for (const word of WORDS) {
    body.constant(0).get(state[word]!).constant(0).load(placeOf(word)).add().store(placeOf(word))
  }
  return body
}

/** FIPS 180-4 §6.2.2, step 1: W[t] = σ1(W[t-2]) + W[t-7] + σ0(W[t-15]) + W[t-16]. */
function expandOwn(body: Body): void {
  const x = body.vector()
  const load = (t: number) => body.constant(0).load(LAYOUT.own + t * VECTOR)
  for (let t = WORDS_IN_BLOCK; t < ROUNDS; t++) {
    body.constant(0)
    load(t - 2).set(x)
    spread(body, x, [17, 19], 10)
    load(t - 7).add()
    load(t - 15).set(x)
    spread(body, x, [7, 18], 3)
    body.add()
    load(t - 16)
      .add()
      .store(LAYOUT.own + t * VECTOR)
  }
}

const WORDS = Array.from({ length: WORDS_OF_STATE }, (_, word) => word)

function vectors(body: Body): number[] {
  return WORDS.map(() => body.vector())
}

function placeOf(word: number): number {
  return LAYOUT.state + word * VECTOR
}

/** All of one block; `pushWord` pushes the expanded word of a round, its constant added. */
function rounds(body: Body, state: readonly number[], pushWord: (round: number) => Body): void {
  const sum = body.vector()
  for (let round = 0; round < ROUNDS; round++) {
    // After eight rounds every word is in its own register again.
    const at = (index: number) => state[(index - round + ROUNDS) % WORDS_OF_STATE]!
    const [a, b, c, d, e, f, g, h] = [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)]
    // T1 = h + Σ1(e) + Ch(e, f, g) + K + W
    pushWord(round)
    body.get(h).add()
    spread(body, e, [6, 11, 25])
    body.add().get(f).get(g).get(e).select().add().set(sum)
    body.get(d).get(sum).add().set(d)
    // T2 = Σ0(a) + Maj(a, b, c), where Maj is c if a and b differ, else b
    spread(body, a, [2, 13, 22])
    body.get(sum).add().get(c).get(b).get(a).get(b).xor().select().add().set(h)
  }
}

/** Pushes the exclusive or of these rotations to the right, and of one shift. */
function spread(body: Body, x: number, rotations: readonly number[], shift?: number): void {
  for (const [index, by] of rotations.entries()) {
    body
      .get(x)
      .shiftRight(by)
      .get(x)
      .shiftLeft(32 - by)
      .xor()
    if (index > 0) body.xor()
  }
  if (shift !== undefined) body.get(x).shiftRight(shift).xor()
}
