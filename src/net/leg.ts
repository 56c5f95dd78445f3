/** What a leg tells whoever drives it. A leg has one handler at a time; `leg.handler` may be replaced while it lives. */
export interface LegHandler {
  /** Bytes [0, n) of a buffer that is valid during the call only. False stops reading until `resume`. */
  onBytes(leg: Leg, n: number, bytes: Uint8Array): boolean
  /** Everything written has been taken by the kernel, after a write that returned false. */
  onDrain(leg: Leg): void
  /** The other side said FIN after its last byte; this side may still write. */
  onEnd(leg: Leg): void
  /** Refused, reset or failed: nothing more can be read or written. What was read before has been delivered. */
  onLost(leg: Leg): void
  /** The descriptor is gone. Comes once, after everything else. */
  onClosed(leg: Leg): void
}

export interface LocalEnd {
  readonly address: string
  readonly port: number
}

/** One connection of a session, with its endings kept apart: FIN, reset, failure. */
export interface Leg {
  handler: LegHandler
  readonly connected: boolean
  /** The other side's FIN has been seen. */
  readonly ended: boolean
  /** System error code (ECONNREFUSED, ETIMEDOUT …) once lost. */
  readonly failure: string | undefined
  /** Lost long after its FIN, and nothing was said to it since: the other side has closed its socket, of which nobody hears. */
  readonly faded?: boolean
  /** Its reading stands still. */
  readonly stalled?: boolean
  /** True when the kernel has everything that was written. */
  readonly drained: boolean
  /** The end that the target sees of this connection; undefined for unix sockets, and where only another host knows it. */
  readonly localEnd?: LocalEnd | undefined
  /** Writes a buffer that the caller gives away. True: the kernel took it all. False: `onDrain` follows unless the leg is lost. */
  write(bytes: Buffer): boolean
  /** Writes a copy of bytes [0, n). As `write`. */
  writeCopy(n: number, bytes: Uint8Array): boolean
  /** Writes the first n bytes of a buffer taken from the pool, which goes back to it when the kernel has them. */
  writePooled(buffer: Buffer, n: number): boolean
  pause(): void
  resume(): void
  /** Asked after each read how many bytes the next may take; Infinity: as many as usual. */
  limitReads(window: () => number): void
  /** Asks a silent other side after so many seconds whether it still lives; undefined: never. Absent where nobody listens to us. */
  keepAlive?(seconds: number | undefined): void
  /** FIN after what was written. */
  end(): void
  /** RST at once; what the kernel has not sent is discarded. */
  reset(): void
  /** RST after what was written has been taken by the kernel. */
  resetAfterDrain(): void
  destroy(): void
  /** FIN after what was written, and gone: the system answers what comes then. */
  destroyAfterDrain(): void
  /** From now on a reset is noticed also while its reading stands still; what was not read before it is lost then. */
  attend?(): void
}
