import type { Leg, LegHandler } from './leg.ts'

/**
 * Two legs that carry each other's bytes and endings unchanged: FIN as FIN after the last byte, RST as RST, no timer, no
 * cap, no byte of its own. What one side does not take stops the reading of the other.
 */
export class Splice implements LegHandler {
  readonly #client: Leg
  readonly #front: Leg
  readonly #onOver: () => void
  #open: number

  /** @param open how many of the two descriptors still exist; `onOver` is called once when none does */
  constructor(client: Leg, front: Leg, open: number, onOver: () => void) {
    this.#client = client
    this.#front = front
    this.#open = open
    this.#onOver = onOver
  }

  onBytes(leg: Leg, n: number, bytes: Uint8Array): boolean {
    return this.#peer(leg).writeCopy(n, bytes)
  }

  onDrain(leg: Leg): void {
    this.#peer(leg).resume()
  }

  onEnd(leg: Leg): void {
    this.#peer(leg).end()
  }

  onLost(leg: Leg): void {
    this.#peer(leg).resetAfterDrain()
  }

  onClosed(_leg: Leg): void {
    if (--this.#open === 0) this.#onOver()
  }

  #peer(leg: Leg): Leg {
    return leg === this.#client ? this.#front : this.#client
  }
}
