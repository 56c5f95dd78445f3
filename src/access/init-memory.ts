/** Inits that share a place; the oldest of them makes room for one more. */
const BUCKET = 8
/** Seconds of a step of the age that a slot carries: 16 bits of them are half a year. */
const AGE_STEP = 256
const AGES = 0x10000

/** fresh_forgot: fresh, and an older one was forgotten for it. */
export type InitVerdict = 'fresh' | 'fresh_forgot' | 'replay'

/**
 * The inits of clients without FakeTLS that were let in. They carry no time, so no copy is ever too old and the memory
 * can only be bounded: the oldest of a bucket is forgotten. In shared memory, one compare-and-set for each; of two copies
 * at the same time one wins, because both begin with the same slot.
 */
export class InitMemory {
  static bytes(slots: number): number {
    return Math.ceil(slots / BUCKET) * BUCKET * 8
  }

  readonly #slots: BigInt64Array
  readonly #buckets: number

  constructor(shared: SharedArrayBuffer) {
    this.#slots = new BigInt64Array(shared)
    this.#buckets = Math.floor(this.#slots.length / BUCKET)
  }

  /** @param material the first 16 bytes of the init's key material: uniform, because only authentic inits come here */
  insert(material: Uint8Array, nowSeconds: number): InitVerdict {
    const view = new DataView(material.buffer, material.byteOffset, material.byteLength)
    const age = Math.floor(nowSeconds / AGE_STEP) % AGES
    // An empty slot is 0: the lowest bit of the mark is always set.
    const mark = view.getBigUint64(0) & ~0xffffn
    const mine = BigInt.asIntN(64, mark | (1n << 16n) | BigInt(age))
    const first = (view.getUint32(8) % this.#buckets) * BUCKET
    for (;;) {
      const place = this.#look(first, mine, age)
      if (place === undefined) return 'replay'
      const { slot, seen } = place
      if (Atomics.compareExchange(this.#slots, slot, seen, mine) !== seen) continue
      return seen === 0n ? 'fresh' : 'fresh_forgot'
    }
  }

  /** The slot to take: the first that is free, else the oldest. Undefined: it is known. */
  #look(first: number, mine: bigint, age: number): { slot: number; seen: bigint } | undefined {
    let oldest = { slot: first, seen: 0n, old: -1 }
    let free: { slot: number; seen: bigint } | undefined
    for (let slot = first; slot < first + BUCKET; slot++) {
      const seen = Atomics.load(this.#slots, slot)
      if (seen === 0n) {
        free ??= { slot, seen }
        continue
      }
      if (seen >> 16n === mine >> 16n) return undefined
      const old = (age - Number(seen & 0xffffn) + AGES) % AGES
      if (old > oldest.old) oldest = { slot, seen, old }
    }
    return free ?? oldest
  }
}
