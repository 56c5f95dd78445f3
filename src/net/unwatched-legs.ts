interface Askable {
  /** @param ticks for which it has been unwatched */
  ask(ticks: number): void
}

/** Two seconds: what resets a connection at all does so soon. */
const EACH_TICK_FOR = 40
/** A second: a write of nothing costs 3 µs, and strangers can leave many legs behind. */
const THEN_EACH = 20

/**
 * The legs of which the poll set says nothing: those that have read a FIN, which libuv takes out of it, and fronts' legs
 * whose reading stands still. A reset that follows shows only when the kernel is asked by a write: once a tick at first.
 */
export class UnwatchedLegs {
  readonly #since = new Map<Askable, number>()
  #tick = 0

  get size(): number {
    return this.#since.size
  }

  add(leg: Askable): void {
    if (!this.#since.has(leg)) this.#since.set(leg, this.#tick)
  }

  delete(leg: Askable): void {
    this.#since.delete(leg)
  }

  readonly sweep = (): void => {
    this.#tick++
    for (const [leg, since] of this.#since) {
      const ticks = this.#tick - since
      if (ticks <= EACH_TICK_FOR || ticks % THEN_EACH === 0) leg.ask(ticks)
    }
  }
}
