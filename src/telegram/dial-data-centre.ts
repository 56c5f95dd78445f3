import { type DialFailure, dialFailure } from '../net/dial.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import type { Deadline, Wheel } from '../net/wheel.ts'

/** RFC 8305 §5: the delay before the next address is tried beside the first. */
const ATTEMPT_DELAY = 250

export type DialResult =
  | { readonly ok: true; readonly leg: Leg; readonly endpoint: Endpoint; readonly milliseconds: number }
  | { readonly ok: false; readonly failure: DialFailure }

export interface DialDependencies {
  /** Begins a connection; the handler hears of its failure, `onConnected` of its success. */
  connect(endpoint: Endpoint, handler: LegHandler, onConnected: () => void): Leg
  wheel: Wheel
  /** Milliseconds, monotonic. */
  now(): number
}

/**
 * Reaches a data centre by whichever of its addresses answers first: each next address is tried when the one before failed,
 * or has not answered for a quarter of a second (happy eyeballs, RFC 8305). The losers are closed.
 */
export function dialDataCentre(
  addresses: readonly Endpoint[],
  timeoutMilliseconds: number,
  dependencies: DialDependencies,
): Promise<DialResult> {
  return new Promise((resolve) => new Race(addresses, timeoutMilliseconds, dependencies, resolve).begin())
}

class Race implements LegHandler {
  readonly #addresses: readonly Endpoint[]
  readonly #dependencies: DialDependencies
  readonly #resolve: (result: DialResult) => void
  readonly #running = new Map<Leg, Endpoint>()
  readonly #began: number
  readonly #timeout: number
  #next = 0
  #over = false
  #failure: DialFailure = 'unreachable'
  readonly #limit: Deadline = { dueTick: 0, expire: () => this.#fail('timeout') }
  readonly #stagger: Deadline = { dueTick: 0, expire: () => this.#tryNext() }

  constructor(
    addresses: readonly Endpoint[],
    timeout: number,
    dependencies: DialDependencies,
    resolve: (result: DialResult) => void,
  ) {
    this.#addresses = addresses
    this.#timeout = timeout
    this.#dependencies = dependencies
    this.#resolve = resolve
    this.#began = dependencies.now()
  }

  begin(): void {
    this.#dependencies.wheel.schedule(this.#limit, this.#timeout)
    this.#tryNext()
  }

  #tryNext(): void {
    const endpoint = this.#addresses[this.#next++]
    if (!endpoint) {
      if (this.#running.size === 0) this.#fail(this.#failure)
      return
    }
    const leg: Leg = this.#dependencies.connect(endpoint, this, () => this.#win(leg, endpoint))
    this.#running.set(leg, endpoint)
    if (this.#next < this.#addresses.length) this.#dependencies.wheel.schedule(this.#stagger, ATTEMPT_DELAY)
  }

  #win(leg: Leg, endpoint: Endpoint): void {
    if (this.#over) return
    this.#running.delete(leg)
    this.#finish({ ok: true, leg, endpoint, milliseconds: this.#dependencies.now() - this.#began })
  }

  #fail(failure: DialFailure): void {
    if (!this.#over) this.#finish({ ok: false, failure })
  }

  #finish(result: DialResult): void {
    this.#over = true
    this.#dependencies.wheel.cancel(this.#limit)
    this.#dependencies.wheel.cancel(this.#stagger)
    for (const loser of this.#running.keys()) loser.destroy()
    this.#running.clear()
    this.#resolve(result)
  }

  onLost(leg: Leg): void {
    if (this.#over || !this.#running.delete(leg)) return
    this.#failure = dialFailure(leg.failure)
    this.#dependencies.wheel.cancel(this.#stagger)
    this.#tryNext()
  }

  onBytes(): boolean {
    return false
  }
  onDrain(): void {}
  onEnd(leg: Leg): void {
    leg.destroy()
    this.onLost(leg)
  }
  onClosed(): void {}
}
