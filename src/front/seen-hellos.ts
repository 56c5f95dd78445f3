/** Places; a word for what is seen of a random, and one for when. */
const SLOTS = 8192
/** Seconds: one that goes round comes back in milliseconds, over however many hops. */
const LASTS = 3

/**
 * Client randoms that have lately come in, known to all workers. The same twice is a hello that went out to a front and
 * came back, or somebody who sends one twice to see what happens: a suspicion, and never a reason to treat it otherwise.
 */
export class SeenHellos {
  readonly #words: Int32Array

  static readonly BYTES = SLOTS * 2 * Int32Array.BYTES_PER_ELEMENT

  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared)
  }

  /** True for the second of the same. @param random 32 bytes */
  isSecond(random: Uint8Array, unixSeconds: number): boolean {
    const view = new DataView(random.buffer, random.byteOffset, random.length)
    const at = (view.getUint32(0) % SLOTS) * 2
    const mark = view.getInt32(4)
    const since = unixSeconds - Atomics.load(this.#words, at + 1)
    const isKnown = Atomics.load(this.#words, at) === mark && since >= 0 && since <= LASTS
    // Two workers at one place at a time lose a suspicion, and the next hop raises it again.
    Atomics.store(this.#words, at, mark)
    Atomics.store(this.#words, at + 1, unixSeconds)
    return isKnown
  }
}
