import type { Leg, LegHandler } from './leg.ts'
import type { Splice } from './splice.ts'

/** What is done to connections of strangers for those who ask for it. Each part is absent where it was not asked for. */
export interface Shaping {
  /** Milliseconds for which what the front says is held; drawn anew for each connection. */
  readonly hold?: (() => number) | undefined
  /** What the front is told after the last of so many bytes of a client. */
  readonly padding?: ((said: number) => Buffer) | undefined
  after(milliseconds: number, run: () => void): void
}

/** A splice whose front is heard late, and whose client's last byte is followed by some of ours. */
export class ShapedSplice implements LegHandler {
  readonly #client: Leg
  readonly #front: Leg
  readonly #splice: Splice
  readonly #padding: Shaping['padding']
  #said: number
  #holds = false
  #held: Buffer[] = []
  #frontEnding: 'open' | 'end' | 'lost' = 'open'

  /** @param splice of the same legs @param said bytes of the client that went before */
  constructor(client: Leg, front: Leg, splice: Splice, { hold, padding, after }: Shaping, said: number) {
    this.#client = client
    this.#front = front
    this.#splice = splice
    this.#padding = padding
    this.#said = said
    if (!hold) return
    this.#holds = true
    after(hold(), () => this.#release())
  }

  onBytes(leg: Leg, n: number, bytes: Uint8Array): boolean {
    if (leg === this.#client) this.#said += n
    else if (this.#holds) {
      this.#held.push(Buffer.from(bytes.subarray(0, n)))
      return false
    }
    return this.#splice.onBytes(leg, n, bytes)
  }

  onDrain(leg: Leg): void {
    this.#splice.onDrain(leg)
  }

  onEnd(leg: Leg): void {
    if (leg === this.#client) {
      if (this.#padding) this.#front.write(this.#padding(this.#said))
    } else if (this.#holds) {
      this.#frontEnding = 'end'
      return
    }
    this.#splice.onEnd(leg)
  }

  onLost(leg: Leg): void {
    if (leg === this.#front && this.#holds) this.#frontEnding = 'lost'
    else this.#splice.onLost(leg)
  }

  onClosed(leg: Leg): void {
    this.#splice.onClosed(leg)
  }

  #release(): void {
    this.#holds = false
    const held = this.#held
    this.#held = []
    if (!this.#padding) {
      this.#client.handler = this.#splice
      this.#front.handler = this.#splice
    }
    const taken = held.length === 0 || this.#client.write(Buffer.concat(held))
    if (this.#frontEnding === 'end') this.#splice.onEnd(this.#front)
    else if (this.#frontEnding === 'lost') this.#splice.onLost(this.#front)
    else if (held.length > 0 && taken) this.#front.resume()
  }
}
