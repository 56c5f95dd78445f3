import type { Leg, LegHandler } from '../../src/net/leg.ts'

const UNSET: LegHandler = {
  onBytes: () => true,
  onDrain() {},
  onEnd() {},
  onLost() {},
  onClosed() {},
}

/** A leg without a socket: remembers what was done to it, and says what its peer would. */
export class ScriptedLeg implements Leg {
  handler: LegHandler
  connected = true
  ended = false
  failure: string | undefined
  drained = true
  /** While false the kernel takes nothing. */
  takes = true
  reading = true
  /** Bytes that the next read may take, as the session asked. */
  window: () => number = () => Number.POSITIVE_INFINITY
  /** Seconds. */
  keptAlive: number | undefined
  faded = false
  get stalled(): boolean {
    return !this.reading
  }
  ending: 'open' | 'fin' | 'reset' | 'destroyed' | 'reset after drain' | 'destroyed after drain' = 'open'
  readonly #written: Buffer[] = []

  constructor(handler: LegHandler = UNSET) {
    this.handler = handler
  }

  get written(): Buffer {
    return Buffer.concat(this.#written)
  }

  get writes(): number {
    return this.#written.length
  }

  // What the session does.

  write(bytes: Buffer): boolean {
    this.#written.push(Buffer.from(bytes))
    this.drained = this.takes
    return this.takes
  }

  writeCopy(n: number, bytes: Uint8Array): boolean {
    return this.write(Buffer.from(bytes.subarray(0, n)))
  }

  writePooled(buffer: Buffer, n: number): boolean {
    return this.write(buffer.subarray(0, n))
  }

  pause(): void {
    this.reading = false
  }

  resume(): void {
    this.reading = true
  }

  limitReads(window: () => number): void {
    this.window = window
  }

  keepAlive(seconds: number | undefined): void {
    this.keptAlive = seconds
  }

  end(): void {
    if (this.ending === 'open') this.ending = 'fin'
  }

  reset(): void {
    this.ending = 'reset'
  }

  resetAfterDrain(): void {
    this.ending = this.drained ? 'reset' : 'reset after drain'
  }

  destroy(): void {
    this.ending = 'destroyed'
  }

  destroyAfterDrain(): void {
    this.ending = this.drained ? 'destroyed' : 'destroyed after drain'
  }

  // What the peer does.

  /** Bytes arrive, in a buffer that is overwritten afterwards as the shared one is. */
  says(bytes: Uint8Array): void {
    if (!this.reading) throw new Error('the session has stopped reading here')
    const shared = Buffer.from(bytes)
    if (!this.handler.onBytes(this, shared.length, shared)) this.reading = false
    shared.fill(0xa5)
  }

  ends(): void {
    this.ended = true
    this.handler.onEnd(this)
  }

  fails(code = 'ECONNRESET'): void {
    this.failure = code
    this.handler.onLost(this)
  }

  drains(): void {
    this.takes = true
    this.drained = true
    this.handler.onDrain(this)
  }

  closes(): void {
    this.handler.onClosed(this)
  }
}
