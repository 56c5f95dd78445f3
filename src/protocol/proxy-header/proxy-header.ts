/** One end of a proxied connection. */
export interface ProxyPeer {
  /** IPv4 or IPv6 in text form; IPv4 mapped into IPv6 is IPv4. */
  readonly address: string
  readonly port: number
}

/** What a PROXY header says: whose connection it is, as the hop before saw it. */
export interface ProxyRoute {
  readonly source: ProxyPeer
  readonly destination: ProxyPeer
}

export type ProxyHeaderCode =
  /** The first bytes are no header's. */
  'missing' | 'too_long' | 'malformed'

export type ProxyHeaderReading =
  | { readonly state: 'incomplete' }
  | { readonly state: 'bad'; readonly code: ProxyHeaderCode }
  | {
      readonly state: 'complete'
      readonly version: 1 | 2
      /** Bytes of the header; the client's own follow. */
      readonly length: number
      /** Undefined (LOCAL, UNKNOWN, unspecified or unix families): the connection is the sender's own. */
      readonly route: ProxyRoute | undefined
    }

/** "PROXY TCP6" with the longest addresses and ports, or UNKNOWN with anything behind it (HAProxy's specification, 2.1). */
export const MAX_V1_LENGTH = 107
/** Bytes behind the fixed part of version 2: addresses and TLVs. A TLS client's names are a few hundred. */
export const MAX_V2_PAYLOAD = 4096

export const V2_SIGNATURE: readonly number[] = [
  0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
]
/** Signature, version and command, family and transport, length. */
export const V2_FIXED = 16
