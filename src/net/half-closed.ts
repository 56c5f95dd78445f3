/** A leg whose other side has said FIN. */
interface Askable {
  ask(): void
}

/**
 * The legs that have read a FIN and can still write. libuv takes them out of its poll set, so a reset that follows shows
 * only when the kernel is asked by a write: once a tick for each of them.
 */
export class HalfClosed {
  readonly #legs = new Set<Askable>()

  add(leg: Askable): void {
    this.#legs.add(leg)
  }

  delete(leg: Askable): void {
    this.#legs.delete(leg)
  }

  readonly sweep = (): void => {
    for (const leg of this.#legs) leg.ask()
  }
}
