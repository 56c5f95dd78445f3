import { type Cipheriv, type Decipheriv, hash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { addressBytes, addressText } from '../../../src/protocol/ip-address.ts'
import { crc32, crc32c } from '../../../src/protocol/middle/checksum.ts'
import {
  keySelector,
  type Nonce,
  readHandshake,
  readNonce,
  writeHandshake,
  writeHandshakeError,
  writeNonce,
  writeProcessId,
} from '../../../src/protocol/middle/handshake.ts'
import { blockCipher, blockDecipher, deriveKey } from '../../../src/protocol/middle/key-derivation.ts'
import {
  type ProxyRequest,
  readCall,
  readProxyRequest,
  writeAnswer,
  writeCloseExt,
  writePing,
  writePong,
  writeSimpleAck,
} from '../../../src/protocol/middle/rpc.ts'
import { FIRST_SEQUENCE, RpcFrameReader, writeRpcFrame } from '../../../src/protocol/middle/rpc-frame.ts'
import { type MiddleCommand, readCommand } from './command.ts'
import { Forwarding } from './forwarding.ts'

/** What a fake middle proxy does with connections that come from now on. */
export interface MiddleBehaviour {
  /** silent: no answer to the nonce. late-clock: its clock is 100 s ahead. */
  readonly nonce?: 'answer' | 'silent' | 'drop' | 'late-clock'
  /** An error code in place of the handshake's answer. */
  readonly refusal?: number
  /** Ends with a reset at the first request. */
  readonly reset?: boolean
}

export interface MiddleConnectionOptions {
  readonly secret: Buffer
  readonly crc32c: boolean
  readonly dataCentre: { readonly host: string; readonly port: number } | undefined
  readonly behaviour: MiddleBehaviour
  readonly now: () => number
  readonly requested: (request: RequestRecord) => void
}

/** What was seen of one RPC_PROXY_REQ. */
export interface RequestRecord {
  readonly connection: number
  readonly client: string
  readonly our: string
  readonly flags: number
  readonly adTag: string | undefined
  readonly quickAck: boolean
  readonly encrypted: boolean
  readonly bytes: number
}

export interface MiddleConnectionRecord {
  readonly id: number
  clients: number
  /** Clients that the proxy took leave of. */
  closed: number
  pongs: number
  crc32c: boolean
  open: boolean
  fault?: string
}

/** The server's side of one RPC connection, from the nonce on. */
export class MiddleConnection {
  readonly record: MiddleConnectionRecord
  readonly #socket: Socket
  readonly #o: MiddleConnectionOptions
  readonly #clients = new Map<string, Forwarding | undefined>()
  #frames = new RpcFrameReader({ sequence: -2, checksum: crc32 })
  #decipher: Decipheriv | undefined
  #cipher: Cipheriv | undefined
  #checksum = crc32
  #sequence = -2
  #stage: 'nonce' | 'handshake' | 'ready' = 'nonce'

  constructor(socket: Socket, id: number, options: MiddleConnectionOptions) {
    this.#socket = socket
    this.#o = options
    this.record = { id, clients: 0, closed: 0, pongs: 0, crc32c: false, open: true }
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.record.open = false
      for (const forwarding of this.#clients.values()) forwarding?.close()
      this.#clients.clear()
    })
  }

  get clients(): number {
    return this.#clients.size
  }

  stall(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  finish(ending: 'fin' | 'reset'): void {
    if (ending === 'fin') this.#socket.end()
    else this.#socket.resetAndDestroy()
  }

  ping(): void {
    this.#call(writePing(randomBytes(8)))
  }

  closeClients(): void {
    for (const id of this.#clients.keys()) this.#call(writeCloseExt(Buffer.from(id, 'hex')))
  }

  /** An answer for a client that there is not. */
  answerNobody(): void {
    this.#call(writeAnswer(randomBytes(8), Buffer.alloc(40)))
  }

  #receive(bytes: Buffer): void {
    const plain = this.#decipher ? this.#decipher.update(bytes) : bytes
    const frames = this.#frames
    const fault = frames.read(plain, (payload) => this.#frame(payload))
    if (fault) return this.#fail(fault)
    // What stands behind the nonce is encrypted.
    if (frames !== this.#frames) this.#receive(frames.takeRest())
  }

  #frame(payload: Buffer): boolean {
    if (this.#stage === 'nonce') {
      this.#agree(payload)
      return false
    }
    if (this.#stage === 'handshake') this.#shakeHands(payload)
    else this.#serve(payload)
    return true
  }

  #agree(payload: Buffer): void {
    const { behaviour, secret, now } = this.#o
    if (behaviour.nonce === 'silent') return
    if (behaviour.nonce === 'drop') return this.finish('reset')
    const reading = readNonce(payload, keySelector(secret))
    if (!reading.ok) return this.#fail(reading.code)
    const theirs = reading.nonce
    if (Math.abs(theirs.timestamp - now()) > 30) return this.#fail('clock')
    const ahead = behaviour.nonce === 'late-clock' ? 100 : 0
    const ours: Nonce = { selector: theirs.selector, timestamp: now() + ahead, nonce: randomBytes(16) }
    this.#send(writeRpcFrame(this.#sequence++, [writeNonce(ours)], crc32, 4))
    const material = {
      secret,
      serverNonce: ours.nonce,
      clientNonce: theirs.nonce,
      clientTimestamp: theirs.timestamp,
      server: end(this.#socket.localAddress, this.#socket.localPort),
      client: end(this.#socket.remoteAddress, this.#socket.remotePort),
    }
    this.#decipher = blockDecipher(deriveKey(material, 'CLIENT'))
    this.#cipher = blockCipher(deriveKey(material, 'SERVER'))
    this.#stage = 'handshake'
    this.#frames = new RpcFrameReader({ sequence: -1, checksum: crc32 })
  }

  #shakeHands(payload: Buffer): void {
    const reading = readHandshake(payload)
    if (!reading.ok) return this.#fail(reading.code)
    const { sender } = reading.handshake
    const self = writeProcessId({ address: Buffer.alloc(4), port: 0, pid: 1, started: 1 })
    if (this.#o.behaviour.refusal !== undefined) {
      this.#call(writeHandshakeError(this.#o.behaviour.refusal, self))
      this.#socket.end()
      return
    }
    this.#call(writeHandshake({ crc32c: this.#o.crc32c, sender: self, peer: sender }))
    this.#sequence = FIRST_SEQUENCE
    this.#stage = 'ready'
    this.record.crc32c = this.#o.crc32c && reading.handshake.crc32c
    if (!this.record.crc32c) return
    this.#checksum = crc32c
    this.#frames.checksum = crc32c
  }

  #serve(payload: Buffer): void {
    const request = readProxyRequest(payload)
    if (request) return this.#request(request)
    const call = readCall(payload)
    if (call.kind === 'ping') this.#call(writePong(call.id))
    else if (call.kind === 'pong') this.record.pongs++
    else if (call.kind === 'close_conn') {
      const id = call.connection.toString('hex')
      if (!this.#clients.has(id)) return
      this.#clients.get(id)?.close()
      this.#clients.delete(id)
      this.record.closed++
    } else this.#fail(call.kind)
  }

  #request(request: ProxyRequest): void {
    if (this.#o.behaviour.reset) return this.finish('reset')
    const show = ({ address, port }: ProxyRequest['client']) => `${addressText(address)}:${port}`
    this.#o.requested({
      connection: this.record.id,
      client: show(request.client),
      our: show(request.our),
      flags: request.flags,
      adTag: request.adTag?.toString('hex'),
      quickAck: request.quickAck,
      encrypted: request.encrypted,
      bytes: request.message.length,
    })
    const id = request.connection.toString('hex')
    const connection = Buffer.from(request.connection)
    const message = Buffer.from(request.message)
    const command = readCommand(message)
    if (!this.#clients.has(id)) {
      this.record.clients++
      this.#clients.set(id, command ? undefined : this.#forward(id, connection))
    }
    if (request.quickAck) this.#call(writeSimpleAck(connection, tokenOf(message)))
    if (command) this.#obey(command, connection, message)
    else {
      const forwarding = this.#clients.get(id) ?? this.#forward(id, connection)
      this.#clients.set(id, forwarding)
      forwarding?.send(message)
    }
  }

  #forward(id: string, connection: Buffer): Forwarding | undefined {
    const { dataCentre } = this.#o
    return (
      dataCentre &&
      new Forwarding(dataCentre, {
        message: (answer) => {
          if (this.#clients.has(id)) this.#call(writeAnswer(connection, wholeWords(answer)))
        },
        ended: () => {
          if (this.#clients.delete(id)) this.#call(writeCloseExt(connection))
        },
      })
    )
  }

  #obey(command: MiddleCommand, connection: Buffer, message: Buffer): void {
    if (command.kind === 'echo') this.#call(writeAnswer(connection, message))
    if (command.kind === 'close') this.#call(writeCloseExt(connection))
    if (command.kind !== 'pour') return
    for (let number = 0; number < command.answers; number++) {
      const answer = Buffer.alloc(command.bytes, number)
      answer.writeUInt32LE(number)
      this.#call(writeAnswer(connection, answer))
    }
  }

  #call(payload: Buffer): void {
    if (!this.#cipher) return
    this.#send(this.#cipher.update(writeRpcFrame(this.#sequence++, [payload], this.#checksum)))
  }

  #send(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  #fail(code: string): void {
    this.record.fault = code
    this.#socket.destroy()
  }
}

/** The token that acknowledges a message: bit 31 is always set. */
export function tokenOf(message: Buffer): number {
  return (hash('sha256', message, 'buffer').readUInt32LE(0) | 0x80000000) >>> 0
}

function wholeWords(message: Buffer): Buffer {
  return message.subarray(0, message.length - (message.length % 4))
}

function end(address: string | undefined, port: number | undefined) {
  return { address: addressBytes((address ?? '').replace(/^::ffff:(?=[\d.]+$)/, ''))!, port: port ?? 0 }
}
