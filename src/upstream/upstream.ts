import type { Endpoint } from '../net/endpoint.ts'
import type { Leg, LegHandler } from '../net/leg.ts'

export const UPSTREAM_KINDS = ['direct', 'socks5', 'socks4', 'http', 'shadowsocks'] as const
export type UpstreamKind = (typeof UPSTREAM_KINDS)[number]

/** A way out of this host: straight, or through somebody else's proxy. */
export interface Upstream {
  readonly name: string
  readonly kind: UpstreamKind
  /** False where it has no form for such an address (IPv6 by SOCKS4, or by a bound IPv4 address). */
  reaches(target: Endpoint): boolean
  /** Absent: false. True where hardly a local port is left for such a connection: another way or address comes first. */
  isScarce?(target: Endpoint): boolean
  /**
   * Begins a connection to the target. Nothing may be written, and nothing is read, before `onConnected`; from then on the
   * leg carries the target's bytes alone. Who cannot connect says so by the handler's `onLost`, with the system's code or
   * a `DialFailure` in the leg's `failure`. Destroying the leg gives up.
   * @param window how many bytes the first read of the target's may take
   */
  connect(target: Endpoint, handler: LegHandler, onConnected: () => void, window?: () => number): Leg
}
