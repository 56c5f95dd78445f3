import type { Leg, LegHandler } from '../net/leg.ts'
import type { SocketLeg } from '../net/socket-leg.ts'
import type { TunnelHandshake } from '../protocol/tunnel.ts'

/** No handshake of ours has longer answers than an HTTP proxy's headers. */
const MAX_KEPT = 32 * 1024

/** Drives the handshake with a proxy on the leg itself; then the leg is the target's, and nothing of this is left. */
export class OpeningTunnel implements LegHandler {
  readonly #handshake: TunnelHandshake
  readonly #handler: LegHandler
  readonly #onOpen: () => void
  #kept = Buffer.alloc(0)

  constructor(handshake: TunnelHandshake, handler: LegHandler, onOpen: () => void) {
    this.#handshake = handshake
    this.#handler = handler
    this.#onOpen = onOpen
  }

  begin(leg: SocketLeg): void {
    leg.write(this.#handshake.begin())
  }

  onBytes(leg: SocketLeg, n: number, bytes: Uint8Array): boolean {
    this.#kept = Buffer.concat([this.#kept, bytes.subarray(0, n)])
    for (;;) {
      const step = this.#handshake.read(this.#kept)
      if (step.state === 'incomplete' && this.#kept.length <= MAX_KEPT) return true
      if (step.state === 'incomplete') return fail(leg, 'protocol')
      if (step.state === 'failed') return fail(leg, step.failure)
      this.#kept = this.#kept.subarray(step.consumed)
      if (step.state === 'open') {
        leg.leadsThrough(step.bound && { address: step.bound.host, port: step.bound.port })
        return this.#open(leg)
      }
      leg.write(step.bytes)
    }
  }

  /** What the proxy sent behind its answer is the target's, and waits for whoever resumes the leg. */
  #open(leg: SocketLeg): boolean {
    leg.handler = this.#handler
    if (this.#kept.length > 0) leg.unread(Buffer.from(this.#kept))
    this.#onOpen()
    return this.#kept.length === 0
  }

  onEnd(leg: SocketLeg): void {
    fail(leg, 'reset')
  }

  onLost(leg: Leg): void {
    leg.handler = this.#handler
    this.#handler.onLost(leg)
  }

  onDrain(): void {}

  onClosed(leg: Leg): void {
    this.#handler.onClosed(leg)
  }
}

function fail(leg: SocketLeg, failure: string): false {
  leg.fail(failure)
  return false
}
