import { Duplex } from 'node:stream'
import type { Leg, LegHandler } from './leg.ts'

/** A leg as Node's own stream, for what speaks TLS or HTTP off the hot path. */
export class LegStream extends Duplex implements LegHandler {
  readonly #leg: Leg
  #written: ((error?: Error | null) => void) | undefined

  constructor(leg: Leg) {
    super({ allowHalfOpen: true })
    this.#leg = leg
    leg.handler = this
  }

  override _read(): void {
    this.#leg.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#leg.write(chunk)) done()
    else this.#written = done
  }

  override _final(done: () => void): void {
    this.#leg.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#leg.destroy()
    done(error)
  }

  onBytes(_leg: Leg, n: number, bytes: Uint8Array): boolean {
    return this.push(Buffer.from(bytes.subarray(0, n)))
  }

  onDrain(): void {
    const written = this.#written
    this.#written = undefined
    written?.()
  }

  onEnd(): void {
    this.push(null)
  }

  onLost(leg: Leg): void {
    const code = leg.failure ?? 'ECONNRESET'
    this.destroy(Object.assign(new Error(`connection lost: ${code}`), { code }))
  }

  onClosed(): void {
    this.destroy()
  }
}
