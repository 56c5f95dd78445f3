import type { Leg, LegHandler } from '../net/leg.ts'
import type { Deadline, Wheel } from '../net/wheel.ts'
import type { ProxyHeaderCode, ProxyRoute } from '../protocol/proxy-header/proxy-header.ts'
import { readProxyHeader } from '../protocol/proxy-header/read-proxy-header.ts'
import { KeptBytes } from './kept-bytes.ts'

export type ProxyGateResult = 'v1' | 'v2' | 'local' | ProxyHeaderCode | 'timeout' | 'gone'

export interface ProxyGateDependencies {
  readonly wheel: Wheel
  counted(result: ProxyGateResult): void
  /** Whose connection it is: undefined, the peer's own. Returns the handler that takes over. */
  admit(route: ProxyRoute | undefined): LegHandler
}

/**
 * Stands before a connection of a peer that must say first whose it is (PROXY protocol), and reads that header and nothing
 * else; every connection has a deadline of its own, so that a silent peer delays nobody.
 */
export class ProxyGate implements LegHandler, Deadline {
  dueTick = 0
  readonly #leg: Leg
  readonly #dependencies: ProxyGateDependencies
  readonly #kept = new KeptBytes()
  #over = false

  constructor(leg: Leg, timeoutMilliseconds: number, dependencies: ProxyGateDependencies) {
    this.#leg = leg
    this.#dependencies = dependencies
    dependencies.wheel.schedule(this, timeoutMilliseconds)
  }

  onBytes(leg: Leg, n: number, bytes: Uint8Array): boolean {
    if (this.#over) return false
    this.#kept.append(n, bytes)
    const reading = readProxyHeader(this.#kept.bytes)
    if (reading.state === 'incomplete') return true
    if (reading.state === 'bad') {
      this.#refuse(reading.code)
      return false
    }
    this.#finish(reading.route ? (reading.version === 1 ? 'v1' : 'v2') : 'local')
    const rest = this.#kept.bytes.subarray(reading.length)
    leg.handler = this.#dependencies.admit(reading.route)
    return rest.length === 0 || leg.handler.onBytes(leg, rest.length, rest)
  }

  expire(): void {
    this.#refuse('timeout')
  }

  /** A check of the balancer's that only connects ends here. */
  onEnd(leg: Leg): void {
    if (this.#over) return
    this.#finish('gone')
    leg.destroy()
  }

  onLost(): void {
    if (!this.#over) this.#finish('gone')
  }

  onDrain(): void {}
  onClosed(): void {
    if (!this.#over) this.#finish('gone')
  }

  #refuse(code: ProxyHeaderCode | 'timeout'): void {
    this.#finish(code)
    this.#leg.reset()
  }

  #finish(result: ProxyGateResult): void {
    this.#over = true
    this.#dependencies.wheel.cancel(this)
    this.#dependencies.counted(result)
  }
}
