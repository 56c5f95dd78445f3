import type { Endpoint } from '../net/endpoint.ts'
import type { ProxyVersion } from '../protocol/proxy-header/write-proxy-header.ts'
import type { HelloClass } from '../protocol/tls/hello-writer.ts'
import type { UnmirrorableCode } from '../protocol/tls/server-flight.ts'

/** A real web site that portico stands behind: its name (an SNI, or `*.` and a parent name) and where it listens. */
export interface Site {
  readonly domain: string
  readonly endpoint: Endpoint
  /** It is portico's own. */
  readonly builtIn?: true
  /** The PROXY header that it wants before everything else. */
  readonly proxyProtocol?: ProxyVersion | 'off'
}

/** No proxy could lead there. */
export function isOfThisHost({ builtIn, endpoint }: Site): boolean {
  return builtIn === true || endpoint.kind === 'unix'
}

/**
 * Why a site's answer to a hello cannot be mirrored: what `readServerFlight` said, `half_record` when it never ended whole, or
 * `front_ended` when the site closed without a word.
 */
export type NoMirrorReason = UnmirrorableCode | 'half_record' | 'front_ended'

/** What portico's own handshakes with a site have shown. Per class of hello, because servers answer what was offered. */
export interface SiteFacts {
  /** At least one byte or an orderly end came back. */
  readonly reachable: boolean
  /** Its address leads back to us. Set by who watches the listeners; `learnSite` says false. */
  readonly selfTarget: boolean
  readonly tls13: boolean
  /** X25519MLKEM768 was chosen for the hello of the current official clients. */
  readonly mlkem: boolean
  /** Encrypted (0x17) records of the first flight. */
  readonly records: Partial<Record<HelloClass, number>>
  /** Wire bytes of the whole first flight, record headers included. */
  readonly flightBytes: Partial<Record<HelloClass, number>>
  /** Payload bytes of the one encrypted record that a client gets, several being merged: Σ payloads + 5·(n−1). */
  readonly encryptedBytes: Partial<Record<HelloClass, number>>
  /** Classes whose samples differed in the number of encrypted records; `records` holds the most frequent. */
  readonly varying: readonly HelloClass[]
  /** Seconds of silence after which it probes whether a client still lives (TCP keep-alive); absent: never, or not to be seen from here. */
  readonly keepAlive?: number
  readonly unmirrorable: Partial<Record<HelloClass, NoMirrorReason>>
}
