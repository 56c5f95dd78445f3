import type { Leg, LegHandler } from './leg.ts'

/** How the connecting ended. */
export type Arrival =
  | { readonly ok: true; readonly leg: Leg }
  /** `failure`: the system's code, or a `DialFailure`. */
  | { readonly ok: false; readonly failure: string }

/** What an awaited leg has carried, for whoever counts. */
export interface AwaitedLegEvents {
  onClosed?: ((leg: AwaitedLeg) => void) | undefined
}

/**
 * A leg whose connection is still being looked for, by whichever of several ways; what is written meanwhile waits in it.
 * From its arrival on it passes everything on.
 */
export class AwaitedLeg implements Leg, LegHandler {
  handler: LegHandler
  connected = false
  failure: string | undefined
  bytesRead = 0
  bytesWritten = 0
  #inner: Leg | undefined
  #waiting: Buffer[] = []
  #ending: 'open' | 'end' | 'reset after drain' | 'destroy after drain' | 'gone' = 'open'
  #paused = false
  #isAttended = false
  #keepAlive: number | undefined
  #window: (() => number) | undefined
  readonly #onClosed: ((leg: AwaitedLeg) => void) | undefined

  constructor(handler: LegHandler, arriving: Promise<Arrival>, { onClosed }: AwaitedLegEvents = {}) {
    this.handler = handler
    this.#onClosed = onClosed
    void arriving.then((arrival) => this.#arrive(arrival))
  }

  get ended(): boolean {
    return this.#inner?.ended ?? false
  }

  get faded(): boolean {
    return this.#inner?.faded ?? false
  }

  get stalled(): boolean {
    return this.#inner?.stalled ?? this.#paused
  }

  get drained(): boolean {
    return this.#inner ? this.#inner.drained : this.#waiting.length === 0
  }

  get localEnd(): Leg['localEnd'] {
    return this.#inner?.localEnd
  }

  write(bytes: Buffer): boolean {
    this.bytesWritten += bytes.length
    if (this.#inner) return this.#inner.write(bytes)
    if (this.#ending === 'open') this.#waiting.push(bytes)
    return false
  }

  writeCopy(n: number, bytes: Uint8Array): boolean {
    if (!this.#inner) return this.write(Buffer.from(bytes.subarray(0, n)))
    this.bytesWritten += n
    return this.#inner.writeCopy(n, bytes)
  }

  /** Before the arrival the pool's buffer is left to the garbage collector. */
  writePooled(buffer: Buffer, n: number): boolean {
    if (!this.#inner) return this.write(buffer.subarray(0, n))
    this.bytesWritten += n
    return this.#inner.writePooled(buffer, n)
  }

  pause(): void {
    this.#paused = true
    this.#inner?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#inner?.resume()
  }

  limitReads(window: () => number): void {
    this.#window = window
    this.#inner?.limitReads(window)
  }

  end(): void {
    if (this.#inner) this.#inner.end()
    else if (this.#ending === 'open') this.#ending = 'end'
  }

  reset(): void {
    if (this.#inner) this.#inner.reset()
    else this.#leave()
  }

  resetAfterDrain(): void {
    if (this.#inner) this.#inner.resetAfterDrain()
    else if (this.#ending !== 'gone') this.#ending = 'reset after drain'
  }

  destroy(): void {
    if (this.#inner) this.#inner.destroy()
    else this.#leave()
  }

  destroyAfterDrain(): void {
    if (this.#inner) this.#inner.destroyAfterDrain()
    else if (this.#ending !== 'gone') this.#ending = 'destroy after drain'
  }

  attend(): void {
    this.#isAttended = true
    this.#inner?.attend?.()
  }

  keepAlive(seconds: number | undefined): void {
    this.#keepAlive = seconds
    this.#inner?.keepAlive?.(seconds)
  }

  /** Nobody waits for it any more; what arrives is closed. */
  #leave(): void {
    if (this.#ending === 'gone') return
    this.#ending = 'gone'
    this.#waiting = []
    setImmediate(() => this.#close())
  }

  #arrive(arrival: Arrival): void {
    if (this.#ending === 'gone') {
      if (arrival.ok) arrival.leg.destroy()
    } else if (arrival.ok) this.#join(arrival.leg)
    else {
      this.#ending = 'gone'
      this.failure = arrival.failure
      this.handler.onLost(this)
      this.#close()
    }
  }

  #join(leg: Leg): void {
    this.#inner = leg
    this.connected = true
    leg.handler = this
    if (this.#window) leg.limitReads(this.#window)
    if (this.#isAttended) leg.attend?.()
    if (this.#keepAlive !== undefined) leg.keepAlive?.(this.#keepAlive)
    const waited = this.#waiting
    this.#waiting = []
    const isTaken = waited.length === 0 || leg.write(Buffer.concat(waited))
    if (this.#ending === 'end') leg.end()
    if (this.#ending === 'reset after drain') leg.resetAfterDrain()
    else if (this.#ending === 'destroy after drain') leg.destroyAfterDrain()
    else if (isTaken && waited.length > 0) this.handler.onDrain(this)
    if (!this.#paused) leg.resume()
  }

  #close(): void {
    this.handler.onClosed(this)
    this.#onClosed?.(this)
  }

  // What the leg tells.

  onBytes(_leg: Leg, n: number, bytes: Uint8Array): boolean {
    this.bytesRead += n
    return this.handler.onBytes(this, n, bytes)
  }

  onDrain(): void {
    this.handler.onDrain(this)
  }

  onEnd(): void {
    this.handler.onEnd(this)
  }

  onLost(leg: Leg): void {
    this.failure = leg.failure
    this.handler.onLost(this)
  }

  onClosed(): void {
    this.#close()
  }
}
