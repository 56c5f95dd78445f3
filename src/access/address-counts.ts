import { addressKey } from './address-key.ts'
import { oneCustomer } from './network.ts'

/** Slots looked at for one address. */
const PROBES = 16
const REFUSED = -1
const UNCOUNTED = -2

/** A counted place, or why there is none. */
export type AddressClaim = number

/**
 * How many of something each address has (IPv6: each /64), over all workers: a table of slots with a tag and one count a
 * worker, so that the counts of a dead one can be taken out. A slot whose counts are all zero is free. Where the table is
 * full, an address is not counted, and therefore not limited: the memory is bounded, and nobody is refused for others.
 */
export class AddressCounts {
  static bytes(addresses: number, workers: number): number {
    return addresses * (workers + 1) * 4
  }

  readonly #words: Int32Array
  readonly #stride: number
  readonly #slots: number
  readonly #worker: number
  readonly #seed: string

  /** @param worker from 1; 0 for whoever only forgets */
  constructor(
    shared: SharedArrayBuffer,
    { workers, worker }: { workers: number; worker: number },
    seed: string,
  ) {
    this.#words = new Int32Array(shared)
    this.#stride = workers + 1
    this.#slots = Math.floor(this.#words.length / this.#stride)
    this.#worker = worker
    this.#seed = seed
  }

  /** Counts one more, also beyond any limit; ask `total` for the verdict. */
  add(address: string): AddressClaim {
    if (address === '') return UNCOUNTED
    const { place, tag } = addressKey(oneCustomer(address), this.#seed)
    for (;;) {
      const at = this.#find(place, tag)
      if (at === undefined) return UNCOUNTED
      Atomics.add(this.#words, at + this.#worker, 1)
      // Somebody may have taken the slot for another address just before.
      if (Atomics.load(this.#words, at) === tag) return at
      Atomics.sub(this.#words, at + this.#worker, 1)
    }
  }

  /** How many the claim's address has; 0 if it is not counted. */
  total(claim: AddressClaim): number {
    if (claim < 0) return 0
    const place = claim / this.#stride
    const tag = Atomics.load(this.#words, claim)
    let sum = 0
    // Two workers may have opened two slots for one address at the same time.
    for (let probe = 1 - PROBES; probe < PROBES; probe++) {
      const at = this.#at(place + probe + this.#slots)
      if (Atomics.load(this.#words, at) === tag) sum += this.#sum(at)
    }
    return sum
  }

  /** A claim within the limit, or one for which `refused` is true. */
  claim(address: string, max: number): AddressClaim {
    const claim = this.add(address)
    if (this.total(claim) <= max) return claim
    this.release(claim)
    return REFUSED
  }

  static refused(claim: AddressClaim): boolean {
    return claim === REFUSED
  }

  release(claim: AddressClaim): void {
    if (claim >= 0) Atomics.sub(this.#words, claim + this.#worker, 1)
  }

  /** The worker is dead: what it counted is void. */
  forget(worker: number): void {
    for (let at = worker; at < this.#words.length; at += this.#stride) Atomics.store(this.#words, at, 0)
  }

  #find(place: number, tag: number): number | undefined {
    let free: number | undefined
    for (let probe = 0; probe < PROBES; probe++) {
      const at = this.#at(place + probe)
      if (Atomics.load(this.#words, at) === tag) return at
      free ??= this.#sum(at) === 0 ? at : undefined
    }
    if (free === undefined) return undefined
    const before = Atomics.load(this.#words, free)
    const taken = Atomics.compareExchange(this.#words, free, before, tag)
    return taken === before || taken === tag ? free : this.#find(place, tag)
  }

  #at(place: number): number {
    return (place % this.#slots) * this.#stride
  }

  #sum(at: number): number {
    let sum = 0
    for (let worker = 1; worker < this.#stride; worker++) sum += Atomics.load(this.#words, at + worker)
    return sum
  }
}
