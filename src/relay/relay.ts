import type { OutgoingBuffers } from '../net/outgoing.ts'
import type { Wheel } from '../net/wheel.ts'

export type RelayEnd =
  | 'ok'
  | 'reset'
  | 'idle'
  /** The client said nothing for too long after something went down to it. */
  | 'silence'
  | 'bad_record'
  /** A frame of the client's is longer than allowed. */
  | 'bad_frame'
  /** More waits for a client that does not read than may. */
  | 'slow'
  /** The connection to the middle proxy was lost. */
  | 'middle_lost'
  | 'drained'
  /** The user's quota is used up. */
  | 'quota'
  /** The user's time is over. */
  | 'expired'
  /** The user was disabled, removed or given another secret, or may no longer come from there. */
  | 'revoked'
  /** A list of addresses refuses where it comes from. */
  | 'listed'

/** What limits one session's bytes; a session without limits has none. */
export interface RelayMeter {
  /** Set by the relay: that direction may be read again. */
  proceed: (direction: 'up' | 'down') => void
  /**
   * For payload that was read, before it goes on. go: on. wait: it may go on, reading stops until `proceed`. last: it may
   * go on and ends the session. over: it may not.
   */
  take(direction: 'up' | 'down', bytes: number): 'go' | 'wait' | 'last' | 'over'
  /** Bytes that the next read in that direction may take; Infinity for any. */
  window(direction: 'up' | 'down'): number
}

export interface RelayDependencies {
  readonly outgoing: OutgoingBuffers
  readonly wheel: Wheel
}

/** A session as those see it who count, limit and end sessions. */
export interface Relay {
  /** Payload bytes since the last fold into shared memory. */
  bytesUp: number
  bytesDown: number
  /** Coarse times of the last bytes of each direction, milliseconds of the wheel. */
  readonly lastUpAt: number
  readonly lastDownAt: number
  /** The last bytes of all went down to the client. */
  readonly wasAnsweredLast: boolean
  readonly result: RelayEnd
  readonly isMeasured: boolean
  /** From now on these limits hold. */
  measure(meter: RelayMeter): void
  /** Ends both sides at once. */
  cut(result: RelayEnd): void
}
