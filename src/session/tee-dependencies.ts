import type { Shaping } from '../net/shaped-splice.ts'
import type { Wheel } from '../net/wheel.ts'

/** How somebody who sends no hello parts from a front that is not there. */
export interface WithoutFront {
  /** Milliseconds. */
  readonly patience: number
  readonly end: 'fin' | 'reset'
}

export interface TeeDependencies {
  readonly wheel: Wheel
  /** The listener allows clients without FakeTLS. */
  readonly awaitsInit?: boolean
  /** A hello is read also where the front cannot be reached: users can be answered without it, or it names another site. */
  readonly withoutFront?: WithoutFront | undefined
  /** What is done to connections that stay with the front; absent: nothing. */
  readonly shaping?: Shaping | undefined
  /** Milliseconds, monotonic and fine: for the hold of an answer. */
  now(): number
  /** Runs it after the loop has looked at its sockets. */
  soon(run: () => void): void
}
