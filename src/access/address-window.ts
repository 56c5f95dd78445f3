import { addressKey } from './address-key.ts'
import { networkOf, type Prefixes } from './network.ts'

export interface AddressesLimit extends Prefixes {
  /** Most different networks within the window. */
  readonly max: number
  readonly windowSeconds: number
  /** One more is let in all the same, and only told. */
  readonly reportOnly: boolean
}

export type AddressVerdict =
  /** Counted; `slot` keeps counting as long as it is touched. */
  | { readonly state: 'counted'; readonly slot: number }
  | { readonly state: 'too_many' }
  /** A unix socket: there is nothing to count. */
  | { readonly state: 'no_address' }

/** Slots of a user whose limit may be raised later without new memory. */
const ROOM = 8

/**
 * From which networks each user came lately, for all workers: a user has as many slots as networks are allowed, each with a
 * tag and the second last seen in one word. A network is let in when it has a slot or can take a free one by one
 * compare-and-set, so there are never more of them, and one that returns finds its own.
 */
export class AddressWindow {
  /**
   * @param max the limit of each user, by place; 0: none
   * @param spare slots for limits that grow later
   */
  static layout(max: readonly number[], spare = 0): { bytes: number; starts: Uint32Array } {
    const words = new SharedArrayBuffer((2 * max.length + 1) * Uint32Array.BYTES_PER_ELEMENT)
    const starts = new Uint32Array(words)
    let next = 0
    max.forEach((slots, user) => {
      starts[2 * user] = next
      next += Math.max(slots, ROOM)
      starts[2 * user + 1] = next
    })
    // Behind the last user: the first spare slot.
    starts[2 * max.length] = next
    return { bytes: (next + spare) * 8, starts }
  }

  readonly #slots: BigInt64Array
  readonly #starts: Uint32Array
  readonly #seed: string

  constructor(memory: { slots: SharedArrayBuffer; starts: Uint32Array }, seed: string) {
    this.#slots = new BigInt64Array(memory.slots)
    this.#starts = memory.starts
    this.#seed = seed
  }

  enter(user: number, address: string, limit: AddressesLimit, nowSeconds: number): AddressVerdict {
    const network = networkOf(address, limit)
    if (network === undefined) return { state: 'no_address' }
    const { tag } = addressKey(network, this.#seed)
    const [first, end] = this.#range(user, limit.max)
    for (;;) {
      const found = this.#find(first, end, tag, limit, nowSeconds)
      if (found.mine !== undefined) {
        this.touch(found.mine, tag, nowSeconds)
        return { state: 'counted', slot: found.mine }
      }
      if (found.free === undefined) return { state: 'too_many' }
      const word = slotWord(tag, nowSeconds)
      const taken = Atomics.compareExchange(this.#slots, found.free, found.was, word) === found.was
      if (taken) return { state: 'counted', slot: this.#settle(first, found.free, tag, word) }
    }
  }

  /**
   * Makes room for a limit that has grown; what counts already goes on counting. Supervisor only. False: the spare slots are
   * used up, and the user has as many as before.
   */
  makeRoom(user: number, max: number): boolean {
    const [first, end] = this.#range(user, Number.POSITIVE_INFINITY)
    if (end - first >= max) return true
    const spare = this.#starts.length - 1
    const next = Atomics.load(this.#starts, spare)
    if (next + max > this.#slots.length) return false
    for (let at = first; at < end; at++) {
      Atomics.store(this.#slots, next + at - first, Atomics.load(this.#slots, at))
    }
    Atomics.store(this.#starts, spare, next + max)
    // Between the two the range is empty, never somebody else's: the first comes after the old end.
    Atomics.store(this.#starts, 2 * user, next)
    Atomics.store(this.#starts, 2 * user + 1, next + max)
    return true
  }

  /** Whether a slot is still among those of the user. */
  holds(user: number, slot: number): boolean {
    const [first, end] = this.#range(user, Number.POSITIVE_INFINITY)
    return slot >= first && slot < end
  }

  /** A session of that network lives on. */
  touch(slot: number, tag: number, nowSeconds: number): void {
    const seen = Atomics.load(this.#slots, slot)
    if (tagOf(seen) !== tag || secondOf(seen) >= nowSeconds) return
    // Whoever else touches it at the same time writes the same.
    Atomics.compareExchange(this.#slots, slot, seen, slotWord(tag, nowSeconds))
  }

  tagAt(slot: number): number {
    return tagOf(Atomics.load(this.#slots, slot))
  }

  /** Networks that count now. */
  count(user: number, limit: AddressesLimit, nowSeconds: number): number {
    const [first, end] = this.#range(user, limit.max)
    let count = 0
    for (let at = first; at < end; at++) {
      if (isLive(Atomics.load(this.#slots, at), limit, nowSeconds)) count++
    }
    return count
  }

  #range(user: number, max: number): [first: number, end: number] {
    const first = Atomics.load(this.#starts, 2 * user)
    return [first, Math.min(first + max, Atomics.load(this.#starts, 2 * user + 1))]
  }

  #find(first: number, end: number, tag: number, limit: AddressesLimit, nowSeconds: number) {
    let free: number | undefined
    let was = 0n
    for (let at = first; at < end; at++) {
      const word = Atomics.load(this.#slots, at)
      const live = isLive(word, limit, nowSeconds)
      if (live && tagOf(word) === tag) return { mine: at, free: undefined, was }
      if (live || free !== undefined) continue
      free = at
      was = word
    }
    return { mine: undefined, free, was }
  }

  /**
   * Two workers that saw different slots free may both have let the same network in: the lower slot stays.
   */
  #settle(first: number, taken: number, tag: number, word: bigint): number {
    for (let at = first; at < taken; at++) {
      if (tagOf(Atomics.load(this.#slots, at)) !== tag) continue
      Atomics.compareExchange(this.#slots, taken, word, 0n)
      return at
    }
    return taken
  }
}

function slotWord(tag: number, seconds: number): bigint {
  return (BigInt(tag) << 32n) | BigInt(seconds)
}

function tagOf(word: bigint): number {
  return Number(word >> 32n)
}

function secondOf(word: bigint): number {
  return Number(word & 0xffff_ffffn)
}

function isLive(word: bigint, { windowSeconds }: AddressesLimit, nowSeconds: number): boolean {
  return word !== 0n && secondOf(word) + windowSeconds > nowSeconds
}
