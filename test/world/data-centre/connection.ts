import type { Socket } from 'node:net'
import { FrameReader, type Framing, frame } from './framing.ts'
import { KeyExchange } from './key-exchange.ts'
import { INIT_SIZE, looksLikeAnotherProtocol, type ObfuscatedStream, openObfuscated } from './obfuscated.ts'
import { type Ending, type RawCommand, readRawCommand } from './raw-command.ts'
import { type RawTalk, startRawTalk } from './raw-talk.ts'
import type { ServerRsaKey } from './rsa-key.ts'
import type { Sessions } from './sessions.ts'
import { TlWriter } from './tl.ts'

/** What is done with a connection once its init is here. */
export type Behaviour = 'normal' | Exclude<Ending, 'keep'> | RawCommand

/** What a data centre saw of one connection. */
export interface ConnectionRecord {
  readonly id: number
  readonly from: string
  framing?: Framing
  /** The dc field of the init, signed. */
  dc?: number
  /** The dc inside the RSA-encrypted part of a key exchange, which no proxy can alter. */
  keyDc?: number
  frames: number
  /** On the wire, the init included. */
  received: number
  sent: number
  /** How the peer's direction ended. */
  ended?: 'fin' | 'reset'
  closed: boolean
  error?: string
}

export interface ConnectionDependencies {
  readonly rsaKey: ServerRsaKey
  readonly sessions: Sessions
  readonly secret: Buffer | undefined
  readonly behaviour: () => Behaviour
  readonly now: () => number
}

const AUTH_KEY_NOT_FOUND = -404
const PLAIN_HEADER = 20

export class Connection {
  readonly record: ConnectionRecord
  readonly #socket: Socket
  readonly #d: ConnectionDependencies
  readonly #exchange: KeyExchange
  #early: Buffer = Buffer.alloc(0)
  #stream: ObfuscatedStream | undefined
  #frames: FrameReader | undefined
  #rawTalk: RawTalk | undefined
  #stalled = false
  #held: Buffer[] = []
  #drained: (() => void) | undefined

  constructor(socket: Socket, id: number, dependencies: ConnectionDependencies) {
    this.#socket = socket
    this.#d = dependencies
    const from = `${socket.remoteAddress}:${socket.remotePort}`
    this.record = { id, from, frames: 0, received: 0, sent: 0, closed: false }
    this.#exchange = new KeyExchange({
      ...dependencies,
      agreed: (key, dc) => {
        dependencies.sessions.keep(key)
        if (dc !== undefined) this.record.keyDc = dc
      },
    })
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('end', () => this.#peerEnded())
    socket.on('drain', () => this.#drain())
    socket.on('error', () => {
      this.record.ended = 'reset'
    })
    socket.on('close', () => {
      this.record.closed = true
    })
  }

  /** Reads and sends nothing until `resume`; what it would have said is kept. */
  stall(): void {
    this.#stalled = true
    this.#socket.pause()
  }

  resume(): void {
    this.#stalled = false
    this.#socket.resume()
    for (const bytes of this.#held.splice(0)) this.#send(bytes)
    this.#drain()
  }

  /** Raw bytes into the stream, at once, outside any frame. */
  inject(bytes: Buffer): void {
    this.#send(bytes)
  }

  finish(ending: Ending): void {
    if (ending === 'fin') this.#socket.end()
    if (ending === 'reset') this.#socket.resetAndDestroy()
  }

  #receive(bytes: Buffer): void {
    this.record.received += bytes.length
    try {
      if (this.#stream) this.#understand(this.#stream.open(bytes))
      else this.#awaitInit(bytes)
    } catch (error) {
      this.#fail(error instanceof Error && 'code' in error ? String(error.code) : String(error))
    }
  }

  #awaitInit(bytes: Buffer): void {
    this.#early = Buffer.concat([this.#early, bytes])
    if (this.#early.length < INIT_SIZE) return
    const init = this.#early.subarray(0, INIT_SIZE)
    if (looksLikeAnotherProtocol(init)) return this.#fail('init_of_another_protocol')
    const stream = openObfuscated(init, this.#d.secret)
    if (!stream) return this.#fail('init_without_tag')
    this.#stream = stream
    this.#frames = new FrameReader(stream.framing)
    this.record.framing = stream.framing
    this.record.dc = stream.dc
    this.#behave(this.#d.behaviour())
    this.#understand(stream.open(this.#early.subarray(INIT_SIZE)))
  }

  #behave(behaviour: Behaviour): void {
    if (behaviour === 'normal') return
    if (typeof behaviour === 'string') return this.finish(behaviour)
    this.#startRaw(behaviour)
  }

  #understand(bytes: Buffer): void {
    if (this.#rawTalk) return this.#rawTalk(bytes)
    for (const message of this.#frames!.push(bytes)) {
      this.record.frames++
      const command = readRawCommand(message)
      if (command) return this.#startRaw(command)
      this.#answer(message)
    }
  }

  #startRaw(command: RawCommand): void {
    const rest = this.#frames!.remainder()
    this.#rawTalk = startRawTalk(command, {
      write: (bytes) => this.#send(bytes),
      onDrain: (resume) => {
        this.#drained = resume
      },
      stall: () => this.stall(),
      finish: (ending) => this.finish(ending),
    })
    if (rest.length > 0) this.#rawTalk(rest)
  }

  #answer(message: Buffer): void {
    if (message.length < PLAIN_HEADER) return this.#fail('frame_too_short')
    if (message.readBigUInt64LE(0) === 0n) return this.#answerPlain(message)
    const key = this.#d.sessions.keyOf(message)
    if (!key) return this.#sendFrame(new TlWriter().u32(AUTH_KEY_NOT_FOUND).done())
    const inner = key.open(message)
    if (!inner) return this.#fail('wrong_message_key')
    for (const reply of this.#d.sessions.answer(key, inner)) this.#sendFrame(reply)
  }

  #answerPlain(message: Buffer): void {
    const body = this.#exchange.answer(message.subarray(PLAIN_HEADER))
    const writer = new TlWriter().u64(0n).u64(this.#d.sessions.plainMessageId())
    this.#sendFrame(writer.u32(body.length).raw(body).done())
  }

  #sendFrame(payload: Buffer): void {
    this.#send(frame(this.#stream!.framing, payload))
  }

  #send(bytes: Buffer): boolean {
    if (this.#stalled) {
      this.#held.push(bytes)
      return false
    }
    if (!this.#stream || !this.#socket.writable) return false
    this.record.sent += bytes.length
    return this.#socket.write(this.#stream.seal(bytes))
  }

  #drain(): void {
    if (this.#stalled) return
    const resume = this.#drained
    this.#drained = undefined
    resume?.()
  }

  #peerEnded(): void {
    this.record.ended ??= 'fin'
    // A raw talk may go on towards a peer that has nothing more to say.
    if (!this.#rawTalk) this.#socket.end()
  }

  #fail(code: string): void {
    this.record.error = code
    this.#socket.destroy()
  }
}
