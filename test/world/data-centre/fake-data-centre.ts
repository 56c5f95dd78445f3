import { EventEmitter } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type Behaviour, Connection, type ConnectionRecord } from './connection.ts'
import { ServerRsaKey } from './rsa-key.ts'
import { Sessions } from './sessions.ts'
import { type UploadedFile, Uploads } from './uploads.ts'

export interface DataCentreOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default: any free one. */
  readonly port?: number
  /** To share a key among several; default: made at start. */
  readonly rsaKey?: ServerRsaKey
  /** 16 bytes: it is its own proxy then, for `dd` links. */
  readonly secret?: Buffer
}

export interface DataCentreCounters {
  readonly connections: number
  readonly open: number
  readonly received: number
  readonly sent: number
  readonly authKeys: number
  /** By the name of the API method. */
  readonly calls: Record<string, number>
  /** By file id, in decimal. */
  readonly uploads: Record<string, UploadedFile>
  /** One for each connection, in the order of arrival. */
  readonly records: readonly ConnectionRecord[]
}

interface DataCentreEvents {
  connection: [record: ConnectionRecord]
  call: [method: string]
}

/** A data centre of Telegram on loopback: obfuscated2 without a secret, the key exchange, MTProto 2.0, a few methods. */
export class FakeDataCentre extends EventEmitter<DataCentreEvents> {
  readonly rsaKey: ServerRsaKey
  readonly #server: Server
  readonly #sessions: Sessions
  readonly #uploads = new Uploads()
  readonly #connections: Connection[] = []
  readonly #calls = new Map<string, number>()
  #behaviour: Behaviour = 'normal'
  #host: string
  #port: number

  private constructor(options: DataCentreOptions, rsaKey: ServerRsaKey) {
    super()
    this.rsaKey = rsaKey
    this.#host = options.host ?? '127.0.0.1'
    this.#port = options.port ?? 0
    this.#sessions = new Sessions({
      now: Date.now,
      uploads: this.#uploads,
      address: () => ({ host: this.#host, port: this.#port }),
      called: (method) => this.#count(method),
    })
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = new Connection(socket, this.#connections.length, {
        rsaKey,
        sessions: this.#sessions,
        secret: options.secret,
        behaviour: () => this.#behaviour,
        now: Date.now,
      })
      this.#connections.push(connection)
      this.emit('connection', connection.record)
    })
  }

  static async start(options: DataCentreOptions = {}): Promise<FakeDataCentre> {
    const dataCentre = new FakeDataCentre(options, options.rsaKey ?? (await ServerRsaKey.generate()))
    await dataCentre.#listen()
    return dataCentre
  }

  get host(): string {
    return this.#host
  }

  get port(): number {
    return this.#port
  }

  counters(): DataCentreCounters {
    const records = this.#connections.map((connection) => ({ ...connection.record }))
    return {
      connections: records.length,
      open: records.filter((record) => !record.closed).length,
      received: records.reduce((sum, record) => sum + record.received, 0),
      sent: records.reduce((sum, record) => sum + record.sent, 0),
      authKeys: this.#sessions.authKeys,
      calls: Object.fromEntries(this.#calls),
      uploads: this.#uploads.summary(),
      records,
    }
  }

  /** For connections whose init comes from now on: serve them, end them so, or talk raw at once. */
  behave(behaviour: Behaviour): void {
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

  /** These bytes to every connection at once, in the middle of whatever it does. */
  injectAll(bytes: Buffer): void {
    for (const connection of this.#living()) connection.inject(bytes)
  }

  /** Connections are refused until `accept`; those that are open stay. */
  refuse(): Promise<void> {
    return new Promise((resolve) => {
      // The callback waits for open connections; the listening socket itself closes at once.
      this.#server.close()
      setImmediate(resolve)
    })
  }

  accept(): Promise<void> {
    return this.#listen()
  }

  async stop(): Promise<void> {
    await this.refuse()
    this.finishAll('reset')
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, this.#host, () => {
        this.#server.off('error', reject)
        this.#port = (this.#server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  #living(): Connection[] {
    return this.#connections.filter((connection) => !connection.record.closed)
  }

  #count(method: string): void {
    this.#calls.set(method, (this.#calls.get(method) ?? 0) + 1)
    this.emit('call', method)
  }
}
