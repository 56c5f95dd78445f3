import { randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * `open`: it was not over when the patience of the observer was. `own`: the probe itself reset the connection.
 * `fin, reset`: something was sent after the FIN, and a reset came for it.
 */
export type End = 'fin' | 'reset' | 'fin, reset' | 'refused' | 'open' | 'own'

export interface Observation {
  readonly bytes: Buffer
  readonly end: End
  /** Milliseconds from the connect to the end. */
  readonly at: number
}

export interface Address {
  readonly host: string
  readonly port: number
  /** Where a prober of it comes from; absent: from an address of its own each time. */
  readonly from?: () => string
}

type WriteDone = (error?: Error | null) => void
interface RawStream {
  _write(chunk: Buffer, encoding: BufferEncoding, done: WriteDone): void
  _writev(chunks: unknown[], done: WriteDone): void
  _final(done: WriteDone): void
}

const EMPTY = Buffer.alloc(0)
/** How often the kernel is asked for a reset behind a FIN, which reading does not show any more. */
const ASK_EVERY = 20
/** How long after the FIN a reset may come for what had been sent. */
const AFTER_FIN = 250
const STEP = 10

/** Every prober has an address of its own, or they would share the limits that portico has for one. */
function ownAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`
}

/**
 * One connection as a prober sees it: every byte, and the kind of the end. A failed write does not end the reading, for an
 * alert may wait in the queue: then the end of the reading counts as the reset that it is.
 */
export class ProbeClient {
  readonly #socket: Socket
  readonly #began = performance.now()
  readonly #chunks: Buffer[] = []
  #length = 0
  #lastByteAt = 0
  #connected = false
  #broken = false
  #finAt: number | undefined
  #end: End | undefined
  #endAt = 0
  #asking: NodeJS.Timeout | undefined

  constructor({ host, port, from = ownAddress }: Address) {
    this.#socket = connect({ host, port, localAddress: from(), allowHalfOpen: true, noDelay: true })
    this.#soften()
    this.#socket.on('connect', () => {
      this.#connected = true
    })
    this.#socket.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes)
      this.#length += bytes.length
      this.#lastByteAt = this.#elapsed
    })
    this.#socket.on('end', () => this.#sawFin())
    this.#socket.on('error', () => this.#sawReset())
  }

  /** Everything that has come. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get length(): number {
    return this.#length
  }

  get over(): boolean {
    return this.#end !== undefined || this.#finAt !== undefined
  }

  send(bytes: Uint8Array): void {
    if (!this.#broken && this.#end === undefined && !this.#socket.writableEnded) this.#socket.write(bytes)
  }

  /** Pieces of the given sizes, the rest in one, each a segment of its own. */
  async sendPieces(bytes: Uint8Array, sizes: readonly number[], pause = 2): Promise<void> {
    let at = 0
    for (const size of [...sizes, bytes.length]) {
      if (at >= bytes.length || this.#end !== undefined) return
      this.send(bytes.subarray(at, at + size))
      at += size
      await sleep(pause)
    }
  }

  fin(): void {
    this.#socket.end()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
    this.#finish('own')
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Until something has come and nothing more did for `silence` ms; or the end, or `patience` ms. */
  async quiet(silence = 150, patience = 8000): Promise<void> {
    const deadline = this.#elapsed + patience
    while (!this.over && this.#elapsed < deadline) {
      if (this.#length > 0 && this.#elapsed - this.#lastByteAt > silence) return
      await sleep(STEP)
    }
  }

  async untilFin(patience: number): Promise<void> {
    const deadline = this.#elapsed + patience
    while (!this.over && this.#elapsed < deadline) await sleep(STEP)
  }

  /** What was seen once it is over, or once `patience` ms since the connect are. Closes the connection. */
  async observe(patience: number): Promise<Observation> {
    while (this.#end === undefined) {
      if (this.#finAt !== undefined && this.#elapsed - this.#finAt > AFTER_FIN) this.#finish('fin')
      else if (this.#finAt === undefined && this.#elapsed > patience) this.#finish('open')
      else await sleep(STEP)
    }
    clearInterval(this.#asking)
    this.#socket.destroy()
    return { bytes: this.bytes, end: this.#end, at: this.#endAt }
  }

  get #elapsed(): number {
    return performance.now() - this.#began
  }

  #sawFin(): void {
    if (this.#broken) return this.#sawReset()
    this.#finAt = this.#elapsed
    this.#asking = setInterval(() => {
      if (this.#socket.writable && this.#socket.writableLength === 0) this.#socket.write(EMPTY)
    }, ASK_EVERY)
  }

  #sawReset(): void {
    if (!this.#connected) this.#finish('refused')
    else this.#finish(this.#finAt === undefined ? 'reset' : 'fin, reset')
  }

  #finish(end: End): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#endAt = this.#finAt ?? this.#elapsed
    clearInterval(this.#asking)
    // A softened write that failed has left the descriptor open.
    setImmediate(() => this.#socket.destroy())
  }

  /** Overrides the documented extension points of a stream on this one socket. */
  #soften(): void {
    const raw = this.#socket as unknown as RawStream
    const { _write: write, _writev: writev, _final: final } = raw
    const wrote = (done: WriteDone) => (error?: Error | null) => {
      if (error) {
        this.#broken = true
        if (this.#connected && this.#finAt === undefined) this.#socket.resume()
        else this.#sawReset()
      }
      done()
    }
    raw._write = (chunk, encoding, done) => write.call(this.#socket, chunk, encoding, wrote(done))
    raw._writev = (chunks, done) => writev.call(this.#socket, chunks, wrote(done))
    raw._final = (done) => final.call(this.#socket, () => done())
  }
}
