/** Why a connection was never ready, or ended. */
export type MiddleFailure =
  | 'timeout'
  | 'reset'
  | 'closed'
  /** The clocks differ by more than 30 s. */
  | 'clock'
  /** It ended before it answered our nonce: another secret, a wrong clock, or not a middle proxy. */
  | 'nonce_refused'
  /** It ended between the nonces and the handshake: the keys differ, which a NAT that we do not know of does. */
  | 'keys_refused'
  | 'handshake'
  | 'protocol'
  | 'silent'
  /** By us: it is not needed any more. */
  | 'retired'

/** For logs: what was said, with its numbers. */
export interface MiddleFailureDetail {
  readonly failure: MiddleFailure
  /** The protocol's own word for it. */
  readonly code?: string | undefined
  /** Their clock minus ours, seconds. */
  readonly clockDifference?: number
}
