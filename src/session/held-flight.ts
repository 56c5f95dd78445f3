import type { Deadline, Wheel } from '../net/wheel.ts'
import { readServerFlight } from '../protocol/tls/server-flight.ts'
import { Awaited } from './awaited.ts'
import type { KeptBytes } from './kept-bytes.ts'
import type { FlightResult } from './tee-results.ts'

/** How long a front's flight may pause at a record boundary, with another number of records than it was known for, before it counts as whole. */
const FLIGHT_PAUSE = 150
/** How long a front is left to compute by itself; one that takes longer waits for something else. */
const FRONT_COMPUTES = 50

/** What else happens to the connection meanwhile. */
export interface FlightSurroundings {
  readonly clientGone: boolean
  /** The client has sent more than its hello. */
  readonly early: boolean
  readonly frontEnded: boolean
}

export interface HeldFlightDependencies {
  readonly wheel: Wheel
  /** Milliseconds, monotonic and fine. */
  now(): number
}

/** What a front says to a whole hello, while it is held until somebody decides whose answer it is. */
export class HeldFlight implements Deadline {
  dueTick = 0
  readonly #kept: KeptBytes
  readonly #surroundings: FlightSurroundings
  readonly #dependencies: HeldFlightDependencies
  readonly #beginning = new Awaited<void>()
  readonly #whole = new Awaited<FlightResult>()
  #since: number | undefined
  #expectedRecords = Number.POSITIVE_INFINITY
  #patience = Number.POSITIVE_INFINITY

  /** @param kept what the front has said, which grows by `append` */
  constructor(kept: KeptBytes, surroundings: FlightSurroundings, dependencies: HeldFlightDependencies) {
    this.#kept = kept
    this.#surroundings = surroundings
    this.#dependencies = dependencies
  }

  get hasBegun(): boolean {
    return this.#since !== undefined
  }

  /** Milliseconds since its first byte; 0 while there is none. */
  get heldFor(): number {
    return this.#since === undefined ? 0 : this.#dependencies.now() - this.#since
  }

  append(n: number, bytes: Uint8Array): void {
    this.#since ??= this.#dependencies.now()
    this.#kept.append(n, bytes)
    this.look()
  }

  /** Resolves when the front begins to answer, or cannot, or has not for longer than an answer takes to compute. */
  begins(): Promise<void> {
    const begun = this.#beginning.ask()
    this.#dependencies.wheel.schedule(this, FRONT_COMPUTES)
    this.look()
    return begun
  }

  /**
   * The flight. Infinity: its number of records is not known; it counts as whole when it pauses.
   * @param patience milliseconds after which a front that has said nothing is not waited for; Infinity: on its own clock
   */
  whole(expectedRecords: number, patience: number): Promise<FlightResult> {
    const whole = this.#whole.ask()
    this.#expectedRecords = expectedRecords
    this.#patience = patience
    this.look()
    return whole
  }

  /** Something has changed: what came, or what is around it. */
  look(): void {
    const { clientGone, frontEnded } = this.#surroundings
    const isOver = this.hasBegun || frontEnded || clientGone
    if (isOver && this.#beginning.tell()) this.cancel()
    if (this.#whole.isAsked) this.#read()
  }

  /** What is awaited has not come; or the flight has paused at a record boundary, and what came is all of it. */
  expire(): void {
    if (this.#beginning.tell() || !this.#whole.isAsked) return
    if (this.#kept.length === 0) return this.#settle({ state: 'none', code: 'front_silent' })
    this.#expectedRecords = 1
    this.#read()
  }

  cancel(): void {
    this.#dependencies.wheel.cancel(this)
  }

  #read(): void {
    const { clientGone, early, frontEnded } = this.#surroundings
    if (clientGone) return this.#settle({ state: 'none', code: 'client_gone' })
    if (early) return this.#settle({ state: 'none', code: 'early_data' })
    const { bytes } = this.#kept
    const reading = readServerFlight(bytes, this.#expectedRecords)
    if (reading.state === 'complete') return this.#settle({ state: 'flight', bytes, flight: reading.flight })
    if (reading.state === 'unmirrorable') return this.#settle({ state: 'none', code: reading.code })
    if (frontEnded) return this.#settle({ state: 'none', code: 'front_ended' })
    const { wheel } = this.#dependencies
    if (reading.atRecordBoundary && reading.encryptedRecords > 0) wheel.schedule(this, FLIGHT_PAUSE)
    else if (bytes.length === 0 && this.#patience < Number.POSITIVE_INFINITY) {
      wheel.schedule(this, this.#patience)
    } else this.cancel()
  }

  #settle(result: FlightResult): void {
    this.cancel()
    this.#whole.tell(result)
  }
}
