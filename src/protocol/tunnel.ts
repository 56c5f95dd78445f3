import type { Buffer } from 'node:buffer'
import { addressText } from './ip-address.ts'

/** Where a tunnel is to lead: an IPv4 or IPv6 address in text form, or a name that the proxy resolves. */
export interface TunnelTarget {
  readonly host: string
  readonly port: number
}

export interface TunnelCredentials {
  readonly user: string
  readonly password: string
}

export type TunnelFailure =
  /** The proxy wants other credentials, or any. */
  | 'auth'
  /** Its rules, or a command or address kind that it does not know. */
  | 'forbidden'
  /** As its system said of the target. */
  | 'refused'
  | 'unreachable'
  | 'timeout'
  /** It failed without saying how. */
  | 'error'
  /** What it said is not its protocol. */
  | 'protocol'

export type TunnelStep =
  | { readonly state: 'incomplete' }
  /** These bytes are the next to be sent; `consumed` of what was read are done with. */
  | { readonly state: 'send'; readonly bytes: Buffer; readonly consumed: number }
  /** The tunnel stands: whatever is behind `consumed` comes from the target. `bound`: the end that the target sees, if it was told. */
  | { readonly state: 'open'; readonly consumed: number; readonly bound?: TunnelTarget }
  | { readonly state: 'failed'; readonly failure: TunnelFailure }

/** The client's side of a proxy's handshake, without a socket: the bytes that begin it, then a step for what has come. */
export interface TunnelHandshake {
  begin(): Buffer
  /** @param bytes everything that has come and was not consumed */
  read(bytes: Buffer): TunnelStep
}

/**
 * What a proxy says of its own end towards the target (BND.ADDR and BND.PORT of RFC 1928 §6). Many fill in zeros.
 * @param address 4 or 16 bytes
 */
export function boundEnd(address: Buffer, port: number): { bound?: TunnelTarget } {
  const host = addressText(address)
  return port === 0 || address.every((byte) => byte === 0) ? {} : { bound: { host, port } }
}

export const FAILED = (failure: TunnelFailure): TunnelStep => ({ state: 'failed', failure })
export const INCOMPLETE: TunnelStep = { state: 'incomplete' }
