import { addressKey } from './address-key.ts'

const PLACES = 65_536
/** A word: number of the time span, then the count. */
const COUNT_BITS = 8
const MOST = (1 << COUNT_BITS) - 1
/** A count is halved when its span is over, and forgotten a span later. */
const SPAN_SECONDS = 300

/**
 * How many searches whoever comes from an address has asked for lately that found nobody (or not yet): for all workers, so
 * that a flood is known as one in each of them. Two addresses may share a place: then one comes behind for the other's sake,
 * which costs it a second at most.
 */
export class VainSearches {
  static readonly bytes = PLACES * 4

  readonly #words: Int32Array
  readonly #seed: string
  readonly #unixSeconds: () => number

  constructor(shared: SharedArrayBuffer, seed: string, unixSeconds: () => number) {
    this.#words = new Int32Array(shared)
    this.#seed = seed
    this.#unixSeconds = unixSeconds
  }

  of(address: string): number {
    return countIn(Atomics.load(this.#words, this.#place(address)), this.#span())
  }

  add(address: string, n: number): void {
    const [place, span] = [this.#place(address), this.#span()]
    for (;;) {
      const seen = Atomics.load(this.#words, place)
      const count = Math.max(0, Math.min(MOST, countIn(seen, span) + n))
      const word = (span << COUNT_BITS) | count
      if (Atomics.compareExchange(this.#words, place, seen, word) === seen) return
    }
  }

  #place(address: string): number {
    return addressKey(address, this.#seed).place % PLACES
  }

  /** As many bits as the word has for it. */
  #span(): number {
    return Math.floor(this.#unixSeconds() / SPAN_SECONDS) & (0xffff_ffff >>> COUNT_BITS)
  }
}

function countIn(word: number, span: number): number {
  const age = span - (word >>> COUNT_BITS)
  if (age === 0) return word & MOST
  return age === 1 ? (word & MOST) >> 1 : 0
}
