import type { Leg, LegHandler } from '../net/leg.ts'
import type { SocketLeg } from '../net/socket-leg.ts'
import type { ShadowsocksStream } from '../protocol/shadowsocks/client-stream.ts'

const LARGEST_PIECE = 64 * 1024
const SMALLEST_PIECE = 1024

/** A leg whose bytes are sealed on their way to a Shadowsocks server. */
export class ShadowsocksLeg implements Leg, LegHandler {
  handler: LegHandler
  readonly #stream: ShadowsocksStream
  #inner!: SocketLeg
  /** Opened and not yet taken, because the reading was stopped in the middle. */
  #opened: Buffer = Buffer.alloc(0)
  #window = () => Number.POSITIVE_INFINITY

  constructor(stream: ShadowsocksStream, handler: LegHandler) {
    this.#stream = stream
    this.handler = handler
  }

  /** @param dial begins the connection to the server, of which this is the handler */
  begin(dial: (handler: LegHandler) => SocketLeg): this {
    this.#inner = dial(this)
    return this
  }

  get connected(): boolean {
    return this.#inner.connected
  }

  get ended(): boolean {
    return this.#inner.ended
  }

  get failure(): string | undefined {
    return this.#inner.failure
  }

  get drained(): boolean {
    return this.#inner.drained
  }

  write(bytes: Buffer): boolean {
    return this.#inner.write(this.#stream.seal(bytes))
  }

  writeCopy(n: number, bytes: Uint8Array): boolean {
    return this.write(Buffer.from(bytes.buffer, bytes.byteOffset, n))
  }

  /** The pool's buffer is not needed once it is sealed; it is left to the garbage collector. */
  writePooled(buffer: Buffer, n: number): boolean {
    return this.write(buffer.subarray(0, n))
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    if (this.#deliver()) this.#inner.resume()
  }

  limitReads(window: () => number): void {
    this.#window = window
    this.#inner.limitReads(window)
  }

  end(): void {
    this.#inner.end()
  }

  reset(): void {
    this.#inner.reset()
  }

  resetAfterDrain(): void {
    this.#inner.resetAfterDrain()
  }

  destroy(): void {
    this.#inner.destroy()
  }

  destroyAfterDrain(): void {
    this.#inner.destroyAfterDrain()
  }

  // What the inner leg tells.

  onBytes(inner: SocketLeg, n: number, bytes: Uint8Array): boolean {
    const plain = this.#stream.open(n, bytes)
    if (typeof plain === 'string') {
      inner.fail(plain === 'bad_tag' ? 'auth' : 'protocol')
      return false
    }
    this.#opened = this.#opened.length === 0 ? plain : Buffer.concat([this.#opened, plain])
    return this.#deliver()
  }

  /** In pieces of a usual read's size: what chunks were completed by one read may be more. */
  #deliver(): boolean {
    while (this.#opened.length > 0) {
      const size = Math.max(SMALLEST_PIECE, Math.min(LARGEST_PIECE, this.#window()))
      const piece = this.#opened.subarray(0, size)
      this.#opened = this.#opened.subarray(size)
      if (!this.handler.onBytes(this, piece.length, piece)) return false
    }
    return true
  }

  onDrain(): void {
    this.handler.onDrain(this)
  }

  onEnd(): void {
    this.handler.onEnd(this)
  }

  onLost(): void {
    this.handler.onLost(this)
  }

  onClosed(): void {
    this.handler.onClosed(this)
  }
}
