import { type AddressKey, addressKey, networkBlock } from './address-key.ts'

const WAYS = 8
/** Addresses whose keys are kept: a visit asks for them several times, and each is a hash. */
const KEYS_KEPT = 4096
/** Words of a way: tag of the address, user's index + 1, second last seen. */
const WORDS = 3

/**
 * Which users came from which address and network block: one table for all workers, so that a returning client costs one
 * HMAC whichever worker meets it. Entries are hints; a torn or overwritten one costs a search, never a wrong answer. It is
 * aged out by memory: the oldest entry of a set makes room.
 */
export class LearnedAddresses {
  static bytes(addresses: number): number {
    return Math.ceil((addresses * 2) / WAYS) * WAYS * WORDS * 4
  }

  readonly #words: Int32Array
  readonly #sets: number
  readonly #seed: string
  readonly #keys = new Map<string, AddressKey>()

  constructor(shared: SharedArrayBuffer, seed: string) {
    this.#words = new Int32Array(shared)
    this.#sets = Math.floor(this.#words.length / (WAYS * WORDS))
    this.#seed = seed
  }

  remember(address: string, user: number, nowSeconds: number): void {
    this.#put(this.#keyOf(address), user, nowSeconds)
    this.#put(this.#keyOf(networkBlock(address)), user, nowSeconds)
  }

  /** Indices of users seen from this very address, latest first. */
  fromAddress(address: string): number[] {
    return this.#get(this.#keyOf(address))
  }

  /** Indices of users seen from its network block, latest first. */
  fromBlock(address: string): number[] {
    return this.#get(this.#keyOf(networkBlock(address)))
  }

  #keyOf(address: string): AddressKey {
    const known = this.#keys.get(address)
    if (known) return known
    if (this.#keys.size >= KEYS_KEPT) this.#keys.clear()
    const key = addressKey(address, this.#seed)
    this.#keys.set(address, key)
    return key
  }

  #get({ place, tag }: AddressKey): number[] {
    const words = this.#words
    const first = (place % this.#sets) * WAYS * WORDS
    const found: { user: number; seen: number }[] = []
    for (let at = first; at < first + WAYS * WORDS; at += WORDS) {
      if (Atomics.load(words, at) !== tag) continue
      const user = Atomics.load(words, at + 1) - 1
      if (user >= 0) found.push({ user, seen: Atomics.load(words, at + 2) })
    }
    if (found.length > 1) found.sort((a, b) => b.seen - a.seen)
    return found.map(({ user }) => user)
  }

  #put({ place, tag }: AddressKey, user: number, nowSeconds: number): void {
    const words = this.#words
    const first = (place % this.#sets) * WAYS * WORDS
    let oldest = first
    for (let at = first; at < first + WAYS * WORDS; at += WORDS) {
      if (Atomics.load(words, at) === tag && Atomics.load(words, at + 1) === user + 1) {
        Atomics.store(words, at + 2, nowSeconds)
        return
      }
      if (Atomics.load(words, at + 2) < Atomics.load(words, oldest + 2)) oldest = at
    }
    Atomics.store(words, oldest + 1, user + 1)
    Atomics.store(words, oldest + 2, nowSeconds)
    Atomics.store(words, oldest, tag)
  }
}
