import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { INIT_SIZE, type SealedInit, sealInit } from '../../src/protocol/obfuscated2.ts'
import { frameRecords, RecordStripper } from '../../src/protocol/tls/record.ts'
import { readServerFlight } from '../../src/protocol/tls/server-flight.ts'
import { type Command, writeCommand } from './command.ts'

/** How a subject is spoken to: FakeTLS with a user's secret, or nothing around obfuscated2. */
export interface Target {
  readonly port: number
  readonly secret: string | undefined
  readonly domain: string
  /** The client's own address; absent: the system's choice. */
  readonly from?: string
  /** Whether a whole flight is the answer of the secret; absent: it is not looked at. */
  readonly isAnswer?: (flight: Buffer) => boolean
}

/** The flight is whole, and the site's own. */
export class ShownTheSite extends Error {}

const CHANGE_CIPHER_SPEC = Buffer.from('140303000101', 'hex')
/** Payload of the records that TDLib, Desktop and the mobile clients send at most (TcpTransport.h). */
const CLIENT_RECORD = 2878
/** Where the sessions go. */
export const DC = 2

const shared = Buffer.allocUnsafeSlow(256 * 1024)

export type PayloadListener = (n: number, bytes: Uint8Array) => void

/** One client of a subject. Payload is counted and handed on; a session that breaks rejects `opened` or calls `onFailure`. */
export class LoadSession {
  readonly socket: Socket
  /** Milliseconds after which the server's flight was whole, and the first payload there; since the connect. */
  flightAfter = 0
  firstByteAfter = 0
  onPayload: PayloadListener = () => {}
  onFailure: (error: Error) => void
  /** Resolves when init and command have been written. */
  readonly opened: Promise<void>
  readonly #target: Target
  readonly #command: Command
  readonly #began = performance.now()
  #stripper: RecordStripper | undefined
  #flight: Buffer | undefined
  #resolve: () => void = () => {}

  constructor(target: Target, command: Command, makeHello: (() => Buffer) | undefined) {
    this.#target = target
    this.#command = command
    this.onFailure = () => {}
    this.opened = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.onFailure = reject
    })
    const options = {
      host: '127.0.0.1',
      port: target.port,
      noDelay: true,
      highWaterMark: 1,
      autoSelectFamily: false,
      ...(target.from === undefined ? {} : { localAddress: target.from }),
      onread: { buffer: shared, callback: (n: number, bytes: Uint8Array) => this.#read(n, bytes) },
    }
    this.socket = connect(options)
    this.socket.on('error', (error) => this.onFailure(error))
    this.socket.on('end', () => this.onFailure(new Error('ended by the other side')))
    this.socket.once('connect', () => {
      if (!makeHello) return this.#begin()
      this.#flight = Buffer.alloc(0)
      this.socket.write(makeHello())
    })
  }

  /** Sends bytes [0, n) as a client would, in its records. Give `wireOf` what is sent often. */
  send(payload: Buffer): void {
    this.socket.write(wireOf(payload, this.#target))
  }

  /** Sends it and waits for an answer of the same length. */
  ask(question: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onFailure = reject
      let got = 0
      this.onPayload = (n) => {
        got += n
        if (got === question.length) resolve()
      }
      this.send(question)
    })
  }

  /** Ends without leaving the port in TIME_WAIT. */
  reset(): void {
    this.onFailure = () => {}
    this.socket.resetAndDestroy()
  }

  #begin(): void {
    const { secret } = this.#target
    const { wire, cipher } = makeInit(secret === undefined ? undefined : Buffer.from(secret, 'hex'))
    const first = wireOf(Buffer.concat([wire, cipher.update(writeCommand(this.#command))]), this.#target)
    this.socket.write(secret === undefined ? first : Buffer.concat([CHANGE_CIPHER_SPEC, first]))
    this.#resolve()
  }

  #read(n: number, bytes: Uint8Array): boolean {
    if (this.#flight) this.#readFlight(n, bytes)
    else {
      const length = this.#stripper ? this.#stripper.strip(bytes, 0, n) : n
      if (length < 0) this.onFailure(new Error('bad record'))
      if (this.firstByteAfter === 0) this.firstByteAfter = performance.now() - this.#began
      if (length > 0) this.onPayload(length, bytes)
    }
    return true
  }

  #readFlight(n: number, bytes: Uint8Array): void {
    this.#flight = Buffer.concat([this.#flight!, bytes.subarray(0, n)])
    const reading = readServerFlight(this.#flight, 1)
    if (reading.state === 'unmirrorable') this.onFailure(new Error(`flight: ${reading.code}`))
    if (reading.state !== 'complete') return
    this.flightAfter = performance.now() - this.#began
    const whole = this.#flight
    this.#flight = undefined
    if (this.#target.isAnswer?.(whole) === false) {
      this.onFailure(new ShownTheSite())
      return
    }
    this.#stripper = new RecordStripper()
    this.#begin()
  }
}

function makeInit(secret: Buffer | undefined): SealedInit {
  const plain = randomBytes(INIT_SIZE)
  plain.writeUInt32LE(0xdddddddd, 56) // padded intermediate
  plain.writeInt16LE(DC, 60)
  return sealInit(plain, secret)
}

/** Payload in the records of a client, or bare. */
export function wireOf(payload: Buffer, { secret }: Target): Buffer {
  if (secret === undefined) return payload
  const out = Buffer.alloc(payload.length + 5 * Math.ceil(payload.length / CLIENT_RECORD))
  let at = 0
  for (let from = 0; from < payload.length; from += CLIENT_RECORD) {
    at = frameRecords(out, at, payload, from, Math.min(CLIENT_RECORD, payload.length - from))
  }
  return out
}
