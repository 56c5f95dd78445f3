import type { Chain } from './chain.ts'

/** A real web site on loopback, as portico is put before one. */
export interface Front {
  readonly name: string
  readonly domain: string
  readonly endpoint: { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  readonly chain: Chain
  stop(): Promise<void>
  /** On the same port; also after `stop`. */
  restart(): Promise<void>
}

/** A front that is a program of its own. */
export interface ServerFront extends Front {
  /** The same server once more, with the same certificate, on another port. */
  twin(): Promise<ServerFront>
}

/** A front serves a small page under `/` and `contentBytes(0, 0, N)` under `/bytes/N` for N in `SITE_SIZES`. */
export interface FrontOptions {
  readonly domain: string
  readonly timers?: FrontTimers
  /** It wants a PROXY header, and says under `/who` what that told it: address, port, and where the client connected to. nginx only. */
  readonly proxyProtocol?: boolean
}

/** Seconds; absent: the server's own default. */
export interface FrontTimers {
  /** From accept to the end of a request's header, the TLS handshake included where the server counts so. */
  readonly header?: number
  /** A connection without a request between two of them. */
  readonly keepAlive?: number
}

export class MissingProgram extends Error {
  readonly code = 'missing_program'
  /** What brings it: a Debian package, or a package of npm. */
  readonly package: string

  constructor(program: string, from: string) {
    super(`${program} is not installed; it comes with ${from}`)
    this.package = from
  }
}
