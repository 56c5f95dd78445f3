import type { Buffer } from 'node:buffer'

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
  /** The tunnel stands: whatever is behind `consumed` comes from the target. */
  | { readonly state: 'open'; readonly consumed: number }
  | { readonly state: 'failed'; readonly failure: TunnelFailure }

/** The client's side of a proxy's handshake, without a socket: the bytes that begin it, then a step for what has come. */
export interface TunnelHandshake {
  begin(): Buffer
  /** @param bytes everything that has come and was not consumed */
  read(bytes: Buffer): TunnelStep
}

export const FAILED = (failure: TunnelFailure): TunnelStep => ({ state: 'failed', failure })
export const INCOMPLETE: TunnelStep = { state: 'incomplete' }
