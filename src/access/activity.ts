/** Below this number of users an order of the whole saves nothing worth sorting for. */
const WORTH_SORTING = 64
const ORDER_LIFETIME_SECONDS = 10

/** When each user was last let in: one word a user, shared by all workers. */
export class Activity {
  static bytes(users: number): number {
    return Math.max(1, users) * 4
  }

  readonly #seen: Int32Array
  #order: Uint32Array | undefined
  #orderedAt = 0

  constructor(shared: SharedArrayBuffer) {
    this.#seen = new Int32Array(shared)
  }

  mark(user: number, nowSeconds: number): void {
    Atomics.store(this.#seen, user, nowSeconds)
  }

  /** What earlier runs know; whoever has come since is newer. */
  restore(user: number, seconds: number): void {
    Atomics.compareExchange(this.#seen, user, 0, seconds)
  }

  /** The indices of `count` users, those active latest first. The array may be shared by several searches; do not change it. */
  order(count: number, nowSeconds: number): Uint32Array {
    const stale = this.#order?.length !== count || nowSeconds - this.#orderedAt >= ORDER_LIFETIME_SECONDS
    if (!this.#order || (stale && (count >= WORTH_SORTING || this.#order.length !== count))) {
      this.#order = Uint32Array.from({ length: count }, (_, index) => index)
      if (count >= WORTH_SORTING) {
        const seen = this.#seen.slice(0, count)
        this.#order.sort((a, b) => seen[b]! - seen[a]!)
      }
      this.#orderedAt = nowSeconds
    }
    return this.#order
  }
}
