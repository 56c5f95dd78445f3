/** Words of a client random. */
const RANDOM_WORDS = 8
/** Of a site: the number of the check that runs, and the client random of its hello. */
const SITE_WORDS = 1 + RANDOM_WORDS

/**
 * The hellos by which portico finds out whether a site leads back to itself, known to all threads for as long as their check
 * runs: on the way to a distant front anybody can read them, and what is sent again later must be a stranger's like any
 * other. The supervisor begins and ends checks; a worker that meets their hello turns the number of the check negative.
 */
export class OwnHellos {
  readonly #words: Int32Array
  readonly #sites: number
  #checks = 0

  static bytes(sites: number): number {
    return (1 + sites * SITE_WORDS) * Int32Array.BYTES_PER_ELEMENT
  }

  constructor(shared: SharedArrayBuffer) {
    // The first word: checks that run.
    this.#words = new Int32Array(shared)
    this.#sites = (this.#words.length - 1) / SITE_WORDS
  }

  /** From now on this hello is ours. @param random 32 bytes, never used before @returns the check, for its end */
  begin(site: number, random: Uint8Array): number {
    const at = 1 + site * SITE_WORDS
    const check = ++this.#checks
    const words = wordsOf(random)
    Atomics.store(this.#words, at, 0)
    for (let word = 0; word < RANDOM_WORDS; word++) {
      Atomics.store(this.#words, at + 1 + word, words.getInt32(word * 4))
    }
    Atomics.store(this.#words, at, check)
    Atomics.add(this.#words, 0, 1)
    return check
  }

  /** From now on it is a stranger's. @returns whether a listener of ours has met it */
  end(site: number, check: number): boolean {
    const at = 1 + site * SITE_WORDS
    Atomics.sub(this.#words, 0, 1)
    if (Atomics.compareExchange(this.#words, at, check, 0) === check) return false
    return Atomics.compareExchange(this.#words, at, -check, 0) === -check
  }

  /** True for the hello of a check that runs, which has thereby come back. @param random 32 bytes */
  meet(random: Uint8Array): boolean {
    if (Atomics.load(this.#words, 0) === 0) return false
    const words = wordsOf(random)
    for (let site = 0; site < this.#sites; site++) {
      const at = 1 + site * SITE_WORDS
      const check = Atomics.load(this.#words, at)
      if (check === 0 || !this.#isAt(at + 1, words)) continue
      if (check > 0) Atomics.compareExchange(this.#words, at, check, -check)
      return true
    }
    return false
  }

  #isAt(at: number, random: DataView): boolean {
    for (let word = 0; word < RANDOM_WORDS; word++) {
      if (Atomics.load(this.#words, at + word) !== random.getInt32(word * 4)) return false
    }
    return true
  }
}

function wordsOf(random: Uint8Array): DataView {
  return new DataView(random.buffer, random.byteOffset, random.length)
}
