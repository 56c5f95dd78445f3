import { connect, type Socket } from 'node:net'

/** How the peer's direction ended. */
export type PeerEnding = 'fin' | 'reset'

/** One thing that came from the peer, in milliseconds since the connection stood. */
export interface SocketEvent {
  readonly at: number
  readonly kind: 'data' | PeerEnding
  readonly bytes: number
}

export class PeerEnded extends Error {
  readonly code = 'peer_ended'
  readonly ending: PeerEnding
  /** What had come and was not read. */
  readonly rest: Buffer

  constructor(ending: PeerEnding, rest: Buffer, wanted: number) {
    super(`${wanted} bytes wanted, ${rest.length} came before ${ending}`)
    this.ending = ending
    this.rest = rest
  }
}

export class ReadTimeout extends Error {
  readonly code = 'read_timeout'
  /** What had come and was not read. */
  readonly rest: Buffer

  constructor(rest: Buffer, wanted: number, timeout: number) {
    super(`${wanted} bytes wanted, ${rest.length} came in ${timeout} ms`)
    this.rest = rest
  }
}

/** Unread bytes above which we stop taking more from the kernel. */
const MAX_UNREAD = 1 << 20
const DEFAULT_TIMEOUT = 60_000

export interface RawSocketTarget {
  readonly host: string
  readonly port: number
  /** To come from another address of loopback. */
  readonly localAddress?: string
}

/** A TCP connection under the full control of a test: reads on demand, both kinds of end in both directions. */
export class RawSocket {
  readonly events: SocketEvent[] = []
  readonly #socket: Socket
  readonly #born = performance.now()
  readonly #chunks: Buffer[] = []
  #unread = 0
  #ending: PeerEnding | undefined
  #stopped = false
  #wake: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#note('data', bytes.length)
      this.#chunks.push(bytes)
      this.#unread += bytes.length
      if (this.#unread > MAX_UNREAD) socket.pause()
      this.#wake?.()
    })
    socket.on('end', () => this.#end('fin'))
    socket.on('error', () => this.#end('reset'))
    socket.on('close', () => this.#end('reset'))
  }

  static connect({ host, port, localAddress }: RawSocketTarget): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const from = localAddress === undefined ? {} : { localAddress }
      const socket = connect({ host, port, ...from, allowHalfOpen: true, noDelay: true })
      const failed = (error: NodeJS.ErrnoException) => {
        // Who is reset as soon as accepted may hear of both at once: it was a connection, and has ended.
        if (error.code === 'ECONNRESET') resolve(new RawSocket(socket))
        else reject(error)
      }
      socket.once('error', failed)
      socket.once('connect', () => {
        socket.off('error', failed)
        resolve(new RawSocket(socket))
      })
    })
  }

  /** `undefined` while the peer may still send, as far as we have read. */
  get ending(): PeerEnding | undefined {
    return this.#ending
  }

  get unread(): number {
    return this.#unread
  }

  get localPort(): number | undefined {
    return this.#socket.localPort
  }

  /** Resolves when the kernel has taken it, which back-pressure may delay for ever. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(bytes, () => resolve())
    })
  }

  /** FIN after what was sent; reading goes on. */
  halfClose(): void {
    this.#socket.end()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }

  close(): void {
    this.#socket.destroy()
  }

  /** From now on the kernel's window fills up and nothing is taken from it. */
  stopReading(): void {
    this.#stopped = true
    this.#socket.pause()
  }

  startReading(): void {
    this.#stopped = false
    this.#socket.resume()
  }

  /** @throws PeerEnded, ReadTimeout; the bytes are lost then, except in the error. */
  async read(length: number, timeout = DEFAULT_TIMEOUT): Promise<Buffer> {
    const deadline = performance.now() + timeout
    while (this.#unread < length) {
      if (this.#ending) throw new PeerEnded(this.#ending, this.#take(this.#unread), length)
      if (!(await this.#more(deadline))) throw new ReadTimeout(this.#take(this.#unread), length, timeout)
    }
    return this.#take(length)
  }

  /** All there is until the peer ends; `ending` is undefined if it did not within `timeout` ms. */
  async readToEnd(timeout = DEFAULT_TIMEOUT): Promise<{ bytes: Buffer; ending: PeerEnding | undefined }> {
    const deadline = performance.now() + timeout
    const parts: Buffer[] = []
    do parts.push(this.#take(this.#unread))
    while (!this.#ending && (await this.#more(deadline)))
    parts.push(this.#take(this.#unread))
    return { bytes: Buffer.concat(parts), ending: this.#ending }
  }

  /** True when something came, false at the deadline. */
  #more(deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), Math.max(0, deadline - performance.now()))
      const done = (came: boolean) => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve(came)
      }
      this.#wake = () => done(true)
    })
  }

  #take(length: number): Buffer {
    const parts: Buffer[] = []
    for (let missing = length; missing > 0; ) {
      const head = this.#chunks[0]!
      const part = head.subarray(0, missing)
      if (part.length === head.length) this.#chunks.shift()
      else this.#chunks[0] = head.subarray(part.length)
      parts.push(part)
      missing -= part.length
    }
    this.#unread -= length
    if (!this.#stopped && this.#unread <= MAX_UNREAD) this.#socket.resume()
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  #end(ending: PeerEnding): void {
    if (!this.#ending) this.#note(ending, 0)
    this.#ending ??= ending
    this.#wake?.()
  }

  #note(kind: SocketEvent['kind'], bytes: number): void {
    this.events.push({ at: performance.now() - this.#born, kind, bytes })
  }
}
