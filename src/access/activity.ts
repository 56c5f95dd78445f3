/** Below this number of users an order of the whole saves nothing worth sorting for. */
const WORTH_SORTING = 64
const ORDER_LIFETIME_SECONDS = 10
/** Users that an order can tell apart: beside 31 bits of seconds a float64 has room for so many. */
const PLACES = 2 ** 21
const LATEST = 2 ** 31

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
      if (count >= WORTH_SORTING) this.#sort(this.#order)
      this.#orderedAt = nowSeconds
    }
    return this.#order
  }

  /** As numbers that say both time and place: a comparison of ours would hold up the loop for milliseconds. */
  #sort(order: Uint32Array): void {
    const keys = new Float64Array(order.length)
    for (let user = 0; user < keys.length; user++) keys[user] = (LATEST - this.#seen[user]!) * PLACES + user
    keys.sort()
    for (let at = 0; at < keys.length; at++) order[at] = keys[at]! % PLACES
  }
}
