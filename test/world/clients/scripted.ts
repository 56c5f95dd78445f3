import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import { type HelloOptions, writeClientHello } from '../../../src/protocol/tls/hello-writer.ts'
import { type Framing, frame } from '../data-centre/framing.ts'
import { type RawCommand, writeRawCommand } from '../data-centre/raw-command.ts'
import { type Flight, readFlight } from './flight.ts'
import { type ObfuscatedClient, type ObfuscatedOptions, obfuscate } from './obfuscated-client.ts'
import { RawSocket, type RawSocketTarget } from './raw-socket.ts'

/** Largest payload of a record that a Telegram client sends (TDLib TcpTransport.h). */
export const MAX_CLIENT_RECORD = 2878
export const CHANGE_CIPHER_SPEC = Buffer.from('140303000101', 'hex')
const APPLICATION_DATA = Buffer.from('170303', 'hex')

export interface ScriptedOptions extends RawSocketTarget {
  /** 16 bytes, the key part. Without it the connection speaks obfuscated2 to a data centre, without records. */
  readonly secret?: Buffer
}

/** Parts of the client's first data that a test wants otherwise. */
export interface FirstDataOptions extends Partial<ObfuscatedOptions> {
  /** How many ChangeCipherSpec records come first; default 1. */
  readonly changeCipherSpecs?: number
  /** Payload bytes of each record; default 2878. */
  readonly recordSize?: number
}

/** Cuts into records `17 03 03` of at most `size` payload bytes. */
export function toRecords(payload: Buffer, size = MAX_CLIENT_RECORD): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < payload.length; at += size) parts.push(toRecord(payload.subarray(at, at + size)))
  return Buffer.concat(parts)
}

export function toRecord(payload: Buffer, header = APPLICATION_DATA): Buffer {
  const length = Buffer.allocUnsafe(2)
  length.writeUInt16BE(payload.length)
  return Buffer.concat([header, length, payload])
}

/** A FakeTLS client step by step; each step can be replaced by bytes of the test's own through `socket`. */
export class ScriptedClient {
  readonly socket: RawSocket
  /** Payload sizes of the records that came after the flight. */
  readonly recordSizes: number[] = []
  readonly #secret: Buffer | undefined
  #clientRandom: Buffer = Buffer.alloc(0)
  #stream: ObfuscatedClient | undefined
  #plain: Buffer = Buffer.alloc(0)
  #framing: Framing = 'padded'

  private constructor(socket: RawSocket, secret: Buffer | undefined) {
    this.socket = socket
    this.#secret = secret
  }

  static async connect(options: ScriptedOptions): Promise<ScriptedClient> {
    return new ScriptedClient(await RawSocket.connect(options), options.secret)
  }

  /** An authentic hello of this client's secret and the present time, unless told otherwise; not sent yet. */
  makeHello(options: Partial<HelloOptions> = {}): Buffer {
    const hello = writeClientHello(
      {
        class: 'tdlib',
        domain: undefined,
        unixSeconds: Math.floor(Date.now() / 1000),
        ...(this.#secret && { secret: createSecretKey(this.#secret) }),
        ...options,
      },
      randomBytes,
    )
    this.#clientRandom = hello.subarray(11, 43)
    return hello
  }

  /** @throws FlightError, PeerEnded, ReadTimeout */
  readFlight(timeout?: number): Promise<Flight> {
    return readFlight(this.socket, this.#secret!, this.#clientRandom, timeout)
  }

  /** Hello and flight. */
  async handshake(options: Partial<HelloOptions> = {}, timeout?: number): Promise<Flight> {
    await this.socket.send(this.makeHello(options))
    return this.readFlight(timeout)
  }

  /** CCS, then init and `payload` (sealed here) in records: not sent yet. */
  makeFirstData(payload: Buffer, options: FirstDataOptions = {}): Buffer {
    const { changeCipherSpecs = 1, recordSize = MAX_CLIENT_RECORD, ...obfuscation } = options
    this.#framing = obfuscation.framing ?? 'padded'
    this.#stream = obfuscate({ dc: 2, secret: this.#secret, ...obfuscation })
    const stream = Buffer.concat([this.#stream.init, this.#stream.seal(payload)])
    if (!this.#secret) return stream
    const leading = Array.from({ length: changeCipherSpecs }, () => CHANGE_CIPHER_SPEC)
    return Buffer.concat([...leading, toRecords(stream, recordSize)])
  }

  /** Init and a command to the fake data centre; from then on the streams are bare bytes. */
  async command(command: RawCommand, options: FirstDataOptions = {}): Promise<void> {
    const payload = frame(options.framing ?? 'padded', writeRawCommand(command))
    await this.socket.send(this.makeFirstData(payload, options))
  }

  /** Sealed and in records. */
  async send(bytes: Buffer, recordSize = MAX_CLIENT_RECORD): Promise<void> {
    const sealed = this.#stream!.seal(bytes)
    await this.socket.send(this.#secret ? toRecords(sealed, recordSize) : sealed)
  }

  async sendFrame(payload: Buffer): Promise<void> {
    await this.send(frame(this.#framing, payload))
  }

  /** The next bytes of the opened stream, however they were cut into records. */
  async read(length: number, timeout?: number): Promise<Buffer> {
    const parts = [this.#plain]
    let held = this.#plain.length
    while (held < length) {
      const part = await this.#readStream(length - held, timeout)
      parts.push(part)
      held += part.length
    }
    const all = Buffer.concat(parts)
    this.#plain = all.subarray(length)
    return all.subarray(0, length)
  }

  /** Lowercase hex SHA-256 of the next `length` bytes, none of them kept. */
  async readHash(length: number, timeout?: number): Promise<string> {
    const hash = createHash('sha256')
    for (let left = length; left > 0; ) {
      const part = await this.read(Math.min(left, 1 << 16), timeout)
      hash.update(part)
      left -= part.length
    }
    return hash.digest('hex')
  }

  async #readStream(wanted: number, timeout?: number): Promise<Buffer> {
    if (!this.#secret) return this.#stream!.open(await this.socket.read(wanted, timeout))
    const header = await this.socket.read(5, timeout)
    if (!header.subarray(0, 3).equals(APPLICATION_DATA)) {
      throw new Error(`a client takes only 17 03 03, not ${header.toString('hex')}`)
    }
    const size = header.readUInt16BE(3)
    this.recordSizes.push(size)
    return this.#stream!.open(await this.socket.read(size, timeout))
  }
}
