/** Slots that share a place; the one written longest ago makes room. */
const RING = 128
/**
 * Of them as many are counted on. Marks fall into rings as chance has it (Poisson with a mean of 80, at most), so that at
 * full capacity one of a hundred million finds its ring too full and is forgotten before its turn.
 */
const HELD = 80
/** The lowest 16 bits of a slot: the round in which it was written; 0: never. */
const LAP = 0xffff
const LAP_BITS = 0xffffn

/** fresh_forgot: fresh, and the oldest at its place was forgotten for it. */
export type ReplayVerdict = 'fresh' | 'fresh_forgot' | 'replay'

/** Where the next one of a ring goes, and the round in which that slot was written before. */
interface Place {
  readonly slot: number
  readonly lap: number
}

/**
 * What was let in: hellos, or inits without FakeTLS. Nothing in either makes a copy too old. An init carries no time, and
 * whoever has captured a hello can change the time in it, which no digest covers. So one is known by what nobody can
 * change, for as long as there is room, and no clock is asked: of a ring the first that came is the first to go.
 *
 * In shared memory, one compare-and-set for each: a worker that dies has put one in or has not. The slots of a ring are
 * written in turn, so that the next is where the lap falls by one. Of two copies at a time exactly one wins: to put one in
 * is to have seen every slot as it is, because each that was written meanwhile has taken the place that was meant.
 */
export class ReplayMemory {
  /** @param capacity how many are remembered for certain, 12.8 bytes each */
  static bytes(capacity: number): number {
    return Math.ceil(capacity / HELD) * RING * BigInt64Array.BYTES_PER_ELEMENT
  }

  readonly #slots: BigInt64Array
  /** The same memory: the lower half of a slot (lap, 16 bits of the mark) comes first on every machine that Node runs on here. */
  readonly #words: Int32Array
  readonly #rings: number

  constructor(shared: SharedArrayBuffer) {
    this.#slots = new BigInt64Array(shared)
    this.#words = new Int32Array(shared)
    this.#rings = Math.floor(this.#slots.length / RING)
  }

  get capacity(): number {
    return this.#rings * HELD
  }

  /** @param mark 12 bytes or more that a copier cannot change: uniform, because only what is authentic comes here */
  insert(mark: Uint8Array): ReplayVerdict {
    const view = new DataView(mark.buffer, mark.byteOffset, mark.byteLength)
    // 48 bits in the slot, 32 others for its ring: two that differ do not meet.
    const own = view.getBigInt64(0) & ~LAP_BITS
    const first = (view.getUint32(8) % this.#rings) * RING
    for (;;) {
      const place = this.#look(first, own)
      if (place === 'known') return 'replay'
      if (place === 'moved') continue
      const { slot, lap } = place
      const seen = Atomics.load(this.#slots, slot)
      if (Number(seen & LAP_BITS) !== lap) continue
      const mine = own | BigInt(following(lap))
      if (Atomics.compareExchange(this.#slots, slot, seen, mine) !== seen) continue
      return lap === 0 ? 'fresh' : 'fresh_forgot'
    }
  }

  /**
   * Reads without Atomics, which take ten times as long. A word may then be older than the last one written there: its lap
   * shows that, or the exchange fails, because the ring has gone on.
   */
  #look(first: number, own: bigint): Place | 'known' | 'moved' {
    const low = Number(BigInt.asIntN(32, own))
    let lap = this.#words[2 * first]! & LAP
    let next: number | undefined
    for (let slot = first; slot < first + RING; slot++) {
      const word = this.#words[2 * slot]!
      if ((word & LAP) !== lap) {
        if (next !== undefined || following(word & LAP) !== lap) return 'moved'
        next = slot
        lap = word & LAP
      }
      // Nor is anything written behind it.
      if (lap === 0) return { slot, lap }
      const isLike = ((word ^ low) & ~LAP) === 0
      if (isLike && (Atomics.load(this.#slots, slot) & ~LAP_BITS) === own) return 'known'
    }
    return { slot: next ?? first, lap }
  }
}

function following(lap: number): number {
  return (lap % LAP) + 1
}
