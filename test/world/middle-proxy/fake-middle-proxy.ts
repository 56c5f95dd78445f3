import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer, type Server } from 'node:net'
import {
  type MiddleBehaviour,
  MiddleConnection,
  type MiddleConnectionRecord,
  type RequestRecord,
} from './middle-connection.ts'

export interface MiddleProxyOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default: any free one. */
  readonly port?: number
  /** What proxies must know; default: random. */
  readonly secret?: Buffer
  /** Offers CRC-32C. */
  readonly crc32c?: boolean
  /** Where it forwards what is no command of its own. */
  readonly dataCentre?: { readonly host: string; readonly port: number }
  /** Unix seconds. */
  readonly now?: () => number
}

/** A middle proxy of Telegram on loopback: the whole server side of its RPC. */
export class FakeMiddleProxy {
  readonly secret: Buffer
  readonly host: string
  readonly requests: RequestRecord[] = []
  readonly #server: Server
  readonly #connections: MiddleConnection[] = []
  #behaviour: MiddleBehaviour = {}
  #port: number

  private constructor(options: MiddleProxyOptions) {
    this.secret = options.secret ?? randomBytes(128)
    this.host = options.host ?? '127.0.0.1'
    this.#port = options.port ?? 0
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#connections.push(
        new MiddleConnection(socket, this.#connections.length, {
          secret: this.secret,
          crc32c: options.crc32c ?? false,
          dataCentre: options.dataCentre,
          behaviour: this.#behaviour,
          now: options.now ?? (() => Math.floor(Date.now() / 1000)),
          requested: (request) => this.requests.push(request),
        }),
      )
    })
  }

  static async start(options: MiddleProxyOptions = {}): Promise<FakeMiddleProxy> {
    const proxy = new FakeMiddleProxy(options)
    await proxy.accept()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  get records(): MiddleConnectionRecord[] {
    return this.#connections.map(({ record }) => ({ ...record }))
  }

  /** Connections that live. */
  get open(): number {
    return this.#living().length
  }

  /** Clients that it knows at this moment. */
  get clients(): number {
    return this.#living().reduce((sum, connection) => sum + connection.clients, 0)
  }

  /** For connections from now on. */
  behave(behaviour: MiddleBehaviour): void {
    this.#behaviour = behaviour
  }

  stallAll(): void {
    for (const connection of this.#living()) connection.stall()
  }

  resumeAll(): void {
    for (const connection of this.#living()) connection.resume()
  }

  finishAll(ending: 'fin' | 'reset'): void {
    for (const connection of this.#living()) connection.finish(ending)
  }

  pingAll(): void {
    for (const connection of this.#living()) connection.ping()
  }

  closeClients(): void {
    for (const connection of this.#living()) connection.closeClients()
  }

  answerNobody(): void {
    for (const connection of this.#living()) connection.answerNobody()
  }

  accept(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, this.host, () => {
        this.#server.off('error', reject)
        this.#port = (this.#server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  /** Nobody gets in until `accept`; connections that are open stay. */
  refuse(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close()
      setImmediate(resolve)
    })
  }

  /** As a machine that dies. */
  async die(): Promise<void> {
    await this.refuse()
    this.finishAll('reset')
  }

  async stop(): Promise<void> {
    await this.die()
  }

  #living(): MiddleConnection[] {
    return this.#connections.filter(({ record }) => record.open)
  }
}
