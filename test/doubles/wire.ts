import type { Socket } from 'node:net'

/** A server's side of one connection, read as the test asks. */
export class Wire {
  readonly socket: Socket
  #kept = Buffer.alloc(0)
  #ended = false
  #wake = () => {}

  /** @param socket made with `allowHalfOpen` */
  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    const end = () => {
      this.#ended = true
      this.#wake()
    }
    socket.on('data', (bytes: Buffer) => {
      this.#kept = Buffer.concat([this.#kept, bytes])
      this.#wake()
    })
    socket.on('end', end)
    socket.on('error', end)
    socket.on('close', end)
  }

  /** Fewer bytes where the peer ends before. */
  async read(n: number): Promise<Buffer> {
    while (this.#kept.length < n && !this.#ended) await this.#more()
    return this.#take(n)
  }

  /** With the mark, which is not behind anything else that is read. */
  async readTo(mark: string): Promise<Buffer> {
    while (!this.#kept.includes(mark) && !this.#ended) await this.#more()
    return this.#take(this.#kept.indexOf(mark) + mark.length)
  }

  /** Whatever is there; empty where the peer has ended. */
  async readSome(): Promise<Buffer> {
    while (this.#kept.length === 0 && !this.#ended) await this.#more()
    return this.#take(this.#kept.length)
  }

  /** In pieces of so many bytes, each a segment of its own as far as the system lets it. */
  async send(bytes: Buffer, size = bytes.length): Promise<void> {
    for (let at = 0; at < bytes.length; at += size) {
      this.socket.write(bytes.subarray(at, at + size))
      if (size < bytes.length) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #take(n: number): Buffer {
    const taken = this.#kept.subarray(0, n)
    this.#kept = this.#kept.subarray(n)
    return taken
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
