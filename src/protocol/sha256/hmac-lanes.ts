import { Buffer } from 'node:buffer'
import { BLOCK, INITIAL_STATE, ROUND_CONSTANTS, ROUNDS, WORDS_IN_BLOCK, WORDS_OF_STATE } from './constants.ts'
import { LANES, LAYOUT, lanesModule, MAX_SHARED_BLOCKS } from './lanes-code.ts'

export { LANES }

/** What HMAC has computed of a key before it sees a message: the inner state, then the outer one. */
export type KeyStates = Int32Array

/** A message as HMAC hashes it behind the key's block: padded, its blocks expanded, which is the same for every key. */
export interface SharedMessage {
  readonly blocks: number
  readonly words: Int32Array
}

/** The end of a message: a bit, and eight bytes of length. */
const TRAILER = 9
/** Longest message of {@link sharedMessage}, bytes. */
export const MAX_SHARED_MESSAGE = MAX_SHARED_BLOCKS * BLOCK - TRAILER
const INNER_PAD = 0x36363636
const OUTER_PAD = 0x5c5c5c5c
const DIGEST_BITS = (BLOCK + WORDS_OF_STATE * 4) * 8

/** @throws RangeError for more than {@link MAX_SHARED_MESSAGE} bytes */
export function sharedMessage(message: Uint8Array): SharedMessage {
  const blocks = Math.ceil((message.length + TRAILER) / BLOCK)
  if (blocks > MAX_SHARED_BLOCKS) throw new RangeError(`a shared message of ${message.length} bytes`)
  const padded = new DataView(new ArrayBuffer(blocks * BLOCK))
  new Uint8Array(padded.buffer).set(message)
  padded.setUint8(message.length, 0x80)
  padded.setUint32(padded.byteLength - 4, (BLOCK + message.length) * 8)
  const words = new Int32Array(blocks * ROUNDS)
  for (let block = 0; block < blocks; block++) expand(padded, block * BLOCK, words, block * ROUNDS)
  return { blocks, words }
}

/** FIPS 180-4 §6.2.2, step 1; the round constants are added at once. */
function expand(from: DataView, start: number, words: Int32Array, first: number): void {
  for (let t = 0; t < WORDS_IN_BLOCK; t++) words[first + t] = from.getInt32(start + t * 4)
  for (let at = first + WORDS_IN_BLOCK; at < first + ROUNDS; at++) {
    const [x, y] = [words[at - 15]!, words[at - 2]!]
    const s0 = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3)
    const s1 = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10)
    words[at] = (words[at - 16]! + s0 + words[at - 7]! + s1) | 0
  }
  for (let t = 0; t < ROUNDS; t++) words[first + t] = (words[first + t]! + ROUND_CONSTANTS[t]!) | 0
}

function rotated(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by))
}

interface LanesExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  compressShared(blocks: number): void
  compressOwn(): void
}

// The runtime's own, of which no type is installed without those of a browser.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object) => { readonly exports: LanesExports }
}

/**
 * HMAC-SHA256 of one message under four keys at a time. A search for the key of a hello is made of nothing else: the
 * message's expansion is done once for all keys, the padded keys once for all messages, and four lanes of a vector compute
 * what is left. That costs a third of two hashes by OpenSSL where the processor has no instructions for SHA-256, and no
 * more where it has.
 */
export class HmacLanes {
  readonly #code: LanesExports
  readonly #state: Int32Array
  readonly #own: Int32Array
  readonly #shared: Int32Array
  #loaded: SharedMessage | undefined

  constructor() {
    this.#code = new WebAssembly.Instance(new WebAssembly.Module(lanesModule())).exports
    const { buffer } = this.#code.memory
    this.#state = new Int32Array(buffer, LAYOUT.state, WORDS_OF_STATE * LANES)
    this.#own = new Int32Array(buffer, LAYOUT.own, WORDS_IN_BLOCK * LANES)
    this.#shared = new Int32Array(buffer, LAYOUT.shared, MAX_SHARED_BLOCKS * ROUNDS)
    // A function is compiled when it is first called (5 ms): not while somebody waits.
    const nobody = this.keyStates(Buffer.alloc(BLOCK))
    this.digests(sharedMessage(new Uint8Array()), [nobody])
  }

  /** @param key at most 64 bytes, a multiple of four */
  keyStates(key: Buffer): KeyStates {
    // One lane is the inner pad's, one the outer's.
    for (let word = 0; word < WORDS_IN_BLOCK; word++) {
      const of = word * 4 < key.length ? key.readInt32BE(word * 4) : 0
      this.#own[word * LANES] = of ^ INNER_PAD
      this.#own[word * LANES + 1] = of ^ OUTER_PAD
    }
    for (let word = 0; word < WORDS_OF_STATE; word++) {
      this.#state.fill(INITIAL_STATE[word]!, word * LANES, (word + 1) * LANES)
    }
    this.#code.compressOwn()
    return Int32Array.from({ length: 2 * WORDS_OF_STATE }, (_, at) => {
      const [lane, word] = [Math.floor(at / WORDS_OF_STATE), at % WORDS_OF_STATE]
      return this.#state[word * LANES + lane]!
    })
  }

  /**
   * @param keys one to four
   * @returns big-endian words of the digests, word n of lane m at 4·n + m; valid until the next call
   */
  digests(message: SharedMessage, keys: readonly KeyStates[]): Int32Array {
    if (this.#loaded !== message) {
      this.#shared.set(message.words)
      this.#loaded = message
    }
    this.#start(keys, 0)
    this.#code.compressShared(message.blocks)
    this.#own.set(this.#state)
    this.#own.fill(0, WORDS_OF_STATE * LANES)
    this.#own.fill(1 << 31, WORDS_OF_STATE * LANES, (WORDS_OF_STATE + 1) * LANES)
    this.#own.fill(DIGEST_BITS, (WORDS_IN_BLOCK - 1) * LANES)
    this.#start(keys, WORDS_OF_STATE)
    this.#code.compressOwn()
    return this.#state
  }

  #start(keys: readonly KeyStates[], from: number): void {
    keys.forEach((states, lane) => {
      for (let word = 0; word < WORDS_OF_STATE; word++)
        this.#state[word * LANES + lane] = states[from + word]!
    })
  }
}
