/** Seconds of hello time that share one table of the ring. */
const EPOCH_SECONDS = 64
/** Slots looked at before a table counts as full at this place. */
const PROBES = 64

export type ReplayVerdict = 'fresh' | 'replay' | 'full'

/**
 * The hellos that were let in, exact for the whole time in which a copy could be: one table for each span of hello time, in
 * shared memory, insert-only while its span is valid. All copies of a hello carry the same time, so they meet in the same
 * table and probe the same slots; insertion is one compare-and-set, and of two simultaneous copies one wins. A slot carries
 * the number of its span, so an old one is free without ever being cleared.
 */
export class ReplaySet {
  /** Tables needed so that no valid span shares one with another. */
  static tables(skewSeconds: number): number {
    return Math.ceil((2 * skewSeconds) / EPOCH_SECONDS) + 2
  }

  static bytes(skewSeconds: number, slotsPerTable: number): number {
    return ReplaySet.tables(skewSeconds) * slotsPerTable * 8
  }

  /** Slots of a table so that all together hold that many hellos, should they come evenly over the window. */
  static slotsFor(hellos: number, skewSeconds: number): number {
    return Math.ceil((hellos * EPOCH_SECONDS) / Math.max(EPOCH_SECONDS, 2 * skewSeconds))
  }

  readonly #slots: BigInt64Array
  readonly #tables: number
  readonly #perTable: number

  constructor(shared: SharedArrayBuffer, skewSeconds: number) {
    this.#slots = new BigInt64Array(shared)
    this.#tables = ReplaySet.tables(skewSeconds)
    this.#perTable = Math.floor(this.#slots.length / this.#tables)
  }

  /**
   * @param digest the hello's random: uniform, because only authentic hellos come here
   * @param helloSeconds the time it carries, already inside the clock window
   */
  insert(digest: Uint8Array, helloSeconds: number): ReplayVerdict {
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
    const epoch = Math.floor(helloSeconds / EPOCH_SECONDS)
    const span = BigInt((epoch % 0xffff) + 1)
    // 48 bits of the digest in the slot, 32 others in its place: two different hellos do not meet.
    const mine = BigInt.asIntN(64, (view.getBigUint64(0) & ~0xffffn) | span)
    const start = (epoch % this.#tables) * this.#perTable
    let place = view.getUint32(8) % this.#perTable
    for (let probes = Math.min(PROBES, this.#perTable); probes > 0; probes--) {
      const verdict = this.#claim(start + place, mine, span)
      if (verdict) return verdict
      place = (place + 1) % this.#perTable
    }
    return 'full'
  }

  #claim(slot: number, mine: bigint, span: bigint): ReplayVerdict | undefined {
    let seen = Atomics.load(this.#slots, slot)
    while ((seen & 0xffffn) !== span) {
      const before = Atomics.compareExchange(this.#slots, slot, seen, mine)
      if (before === seen) return 'fresh'
      seen = before
    }
    return seen === mine ? 'replay' : undefined
  }
}
