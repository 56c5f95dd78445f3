import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { waitFor } from '../world/wait-for.ts'
import type { Address } from './probe-client.ts'

/** One connection as the front saw it. */
export interface Seen {
  /** Bytes behind the opening, and the beginning of their SHA-256. */
  readonly received: number
  readonly sha256: string
  readonly ending: 'fin' | 'reset' | 'fin, reset' | 'open'
}

export type FrontScript = (socket: Socket) => void

const EMPTY = Buffer.alloc(0)
const ASK_EVERY = 20

interface Laid {
  readonly opening: Buffer
  readonly script: FrontScript
  readonly came: (connection: Connection) => void
}

/** Openings shorter than this are not unlike the beginning of any hello. */
const TELLING = 19

/**
 * A front of bare TCP. It knows a connection by its first bytes, whichever way it came, does with it what was laid down for
 * them, and keeps what it saw.
 */
export class WireFront {
  readonly #server: Server
  readonly #laid = new Set<Laid>()
  readonly #open = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#receive(socket))
  }

  static async start(): Promise<WireFront> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new WireFront(server)
  }

  get address(): Address {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** What it saw of the next connection with that opening: once its end is known, or `patience` ms have passed. */
  async watch(opening: Buffer, script: FrontScript, patience: number): Promise<Seen> {
    const { promise, resolve } = Promise.withResolvers<Connection>()
    const laid = { opening, script, came: resolve }
    this.#laid.add(laid)
    const connection = await promise
    await waitFor('the end', () => connection.over, patience).catch(() => {})
    return connection.seen
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
  }

  /** portico's own first handshakes were not laid down, and hear nothing. */
  #receive(socket: Socket): void {
    this.#open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#open.delete(socket))
    socket.once('data', (first: Buffer) => {
      const laid = [...this.#laid].find(({ opening }) => opensWith(first, opening))
      if (!laid) return socket.destroy()
      this.#laid.delete(laid)
      laid.came(new Connection(socket, first.subarray(laid.opening.length)))
      laid.script(socket)
    })
  }
}

function opensWith(first: Buffer, opening: Buffer): boolean {
  if (opening.length < TELLING) return first.equals(opening)
  return first.subarray(0, opening.length).equals(opening)
}

class Connection {
  readonly #hash = createHash('sha256')
  #received = 0
  #fin = false
  #reset = false
  #ownEnd = false
  #finAt = 0

  constructor(socket: Socket, first: Buffer) {
    this.#take(first)
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('end', () => {
      this.#fin = true
      this.#finAt = performance.now()
      // A reset behind a FIN shows on a write only.
      const asking = setInterval(() => socket.writable && socket.write(EMPTY), ASK_EVERY)
      socket.on('close', () => clearInterval(asking))
    })
    socket.on('error', () => {
      this.#reset = true
    })
    socket.on('close', () => {
      this.#ownEnd = true
    })
  }

  #take(bytes: Buffer): void {
    this.#hash.update(bytes)
    this.#received += bytes.length
  }

  get over(): boolean {
    const settled = this.#fin && performance.now() - this.#finAt > 400
    return this.#reset || this.#ownEnd || settled
  }

  get seen(): Seen {
    const ending = [this.#fin && 'fin', this.#reset && 'reset'].filter(Boolean).join(', ') || 'open'
    return {
      received: this.#received,
      sha256: this.#hash.copy().digest('hex').slice(0, 16),
      ending: ending as Seen['ending'],
    }
  }
}
