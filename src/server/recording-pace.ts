import { FLIGHTS_KEPT, type Flights } from '../front/profile.ts'

/** Milliseconds between rounds: at first, so that a front that is lost soon has been seen; until enough is known; then. */
const FIRST = 4000
const FILLING = 60_000
const KEEPING = 30 * 60_000
/** Rounds until the next pace. */
const FIRST_ROUNDS = 16
const FILLING_ROUNDS = FIRST_ROUNDS + 112
/** A front that shows itself anew, such as with another certificate, is recorded from the beginning: once in half a day at most. */
const ROUNDS_UNTIL_AGAIN = FILLING_ROUNDS + 24
const FEW = 32

/**
 * How long to wait for the next round of handshakes with a front. Nobody who reads its log should see more than somebody who
 * tries a client out, then a visitor in the minute for some hours, then one now and then.
 */
export class RecordingPace {
  #round = 0

  /** Milliseconds. @param flights what is known by now */
  next(flights: Flights): number {
    const known = Math.max(0, ...Object.values(flights).map((each) => each.length))
    if (known < FEW && this.#round > ROUNDS_UNTIL_AGAIN) this.#round = 0
    const round = this.#round++
    if (round < FIRST_ROUNDS) return FIRST
    return round < FILLING_ROUNDS && known < FLIGHTS_KEPT ? FILLING : KEEPING
  }
}
