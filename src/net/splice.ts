import type { Leg, LegHandler } from './leg.ts'

/**
 * Seconds after which a front that has said FIN is asked whether its socket is still there. A client that says nothing to
 * its FIN learns nothing, but would keep two descriptors for ever.
 */
const ENDED_FRONT_ASKED_AFTER = 10

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
    front.attend?.()
  }

  onBytes(leg: Leg, n: number, bytes: Uint8Array): boolean {
    return this.#peer(leg).writeCopy(n, bytes)
  }

  onDrain(leg: Leg): void {
    this.#peer(leg).resume()
  }

  onEnd(leg: Leg): void {
    this.#peer(leg).end()
    if (leg === this.#front) leg.keepAlive?.(ENDED_FRONT_ASKED_AFTER)
  }

  onLost(leg: Leg): void {
    const peer = this.#peer(leg)
    if (leg.faded) peer.destroyAfterDrain()
    // What the front has not sent is lost for a client that does not read, too.
    else if (leg === this.#front && leg.stalled) peer.reset()
    else peer.resetAfterDrain()
  }

  onClosed(_leg: Leg): void {
    if (--this.#open === 0) this.#onOver()
  }

  #peer(leg: Leg): Leg {
    return leg === this.#client ? this.#front : this.#client
  }
}
