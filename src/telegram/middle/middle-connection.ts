import type { Cipheriv, Decipheriv } from 'node:crypto'
import type { Leg, LegHandler } from '../../net/leg.ts'
import type { Deadline, Wheel } from '../../net/wheel.ts'
import { type Checksum, crc32c } from '../../protocol/middle/checksum.ts'
import {
  keySelector,
  MAX_CLOCK_DIFFERENCE,
  NONCE_SIZE,
  readHandshake,
  readNonce,
  writeHandshake,
  writeNonce,
  writeProcessId,
} from '../../protocol/middle/handshake.ts'
import {
  blockCipher,
  blockDecipher,
  type ConnectionEnd,
  deriveKey,
} from '../../protocol/middle/key-derivation.ts'
import {
  type ProxyEnd,
  proxyRequestHeader,
  readCall,
  setMessageFlags,
  writeCloseConn,
  writePing,
  writePong,
} from '../../protocol/middle/rpc.ts'
import {
  FIRST_SEQUENCE,
  HANDSHAKE_SEQUENCE,
  NONCE_SEQUENCE,
  RpcFrameReader,
  writeRpcFrame,
} from '../../protocol/middle/rpc-frame.ts'
import type { Transport } from '../../protocol/obfuscated2.ts'
import type { MiddleLink, MiddleReceiver } from '../../relay/middle-link.ts'

/** From the connect to the answered handshake. */
const HANDSHAKE_LIMIT = 10_000
/** A connection on which nothing came for so long is asked, and has as long again to answer. */
const SILENCE_BEFORE_PING = 30_000
const PONG_LIMIT = 15_000

/** Why a connection was never ready, or ended. */
export type MiddleFailure =
  | 'timeout'
  | 'reset'
  | 'closed'
  /** The clocks differ by more than 30 s. */
  | 'clock'
  /** It ended before it answered our nonce: another secret, a wrong clock, or not a middle proxy. */
  | 'nonce_refused'
  /** It ended between the nonces and the handshake: the keys differ, which a NAT that we do not know of does. */
  | 'keys_refused'
  | 'handshake'
  | 'protocol'
  | 'silent'
  /** By us: it is not needed any more. */
  | 'retired'

/** For logs: what was said, with its numbers. */
export interface MiddleFailureDetail {
  readonly failure: MiddleFailure
  /** The protocol's own word for it. */
  readonly code?: string | undefined
  /** Their clock minus ours, seconds. */
  readonly clockDifference?: number
}

export interface MiddleConnectionOptions {
  readonly leg: Leg
  readonly secret: Buffer
  /** The address and port connected to. */
  readonly server: ConnectionEnd
  /** Our end as the middle proxy sees it. */
  readonly self: ConnectionEnd
  readonly offerCrc32c: boolean
}

export interface MiddleConnectionDependencies {
  readonly wheel: Wheel
  readonly crc32: Checksum
  random(n: number): Buffer
  unixSeconds(): number
}

export interface MiddleConnectionEvents {
  ready(connection: MiddleConnection): void
  /** Once; its clients have been told. */
  over(connection: MiddleConnection, detail: MiddleFailureDetail): void
  /** Calls that made no sense, counted. */
  odd(kind: 'unknown_client' | 'unknown_call' | 'malformed'): void
}

/** For one client that is to go by a connection. */
export interface LinkOptions {
  readonly transport: Transport
  readonly client: ProxyEnd
  readonly adTag: Buffer | undefined
}

const NOBODY: MiddleReceiver = {
  onAnswer() {},
  onQuickAck() {},
  onAnswersRead() {},
  onLinkDrain() {},
  onLinkEnd() {},
}

type Stage = 'nonce' | 'handshake' | 'ready' | 'over'

/** One connection to a middle proxy, shared by many clients. */
export class MiddleConnection implements LegHandler, Deadline {
  dueTick = 0
  readonly #leg: Leg
  readonly #o: MiddleConnectionOptions
  readonly #d: MiddleConnectionDependencies
  readonly #events: MiddleConnectionEvents
  readonly #links = new Map<number, Link>()
  readonly #touched = new Set<Link>()
  readonly #clientNonce: Buffer
  readonly #timestamp: number
  readonly #processId: Buffer
  /** The upper half of every client's number on this connection. */
  readonly #mark: number
  #nextLink: number
  #stage: Stage = 'nonce'
  #frames: RpcFrameReader
  #checksum: Checksum
  #sequence = NONCE_SEQUENCE
  #cipher: Cipheriv | undefined
  #decipher: Decipheriv | undefined
  #detail: MiddleFailureDetail | undefined
  #pinged = false
  #heardAt: number

  constructor(
    options: MiddleConnectionOptions,
    dependencies: MiddleConnectionDependencies,
    events: MiddleConnectionEvents,
  ) {
    this.#leg = options.leg
    this.#o = options
    this.#d = dependencies
    this.#events = events
    const { crc32, random, unixSeconds, wheel } = dependencies
    this.#checksum = crc32
    this.#frames = new RpcFrameReader({ sequence: NONCE_SEQUENCE, checksum: crc32 })
    this.#clientNonce = Buffer.from(random(NONCE_SIZE))
    this.#timestamp = unixSeconds()
    this.#mark = random(4).readUInt32LE()
    this.#nextLink = random(4).readUInt32LE()
    this.#processId = writeProcessId({
      ...options.self,
      pid: random(2).readUInt16LE(),
      started: this.#timestamp,
    })
    this.#heardAt = wheel.now
  }

  /** Clients that go by it. */
  get load(): number {
    return this.#links.size
  }

  get isReady(): boolean {
    return this.#stage === 'ready'
  }

  /** Says the nonce; the leg is connected. */
  begin(): void {
    this.#leg.handler = this
    const { secret } = this.#o
    const payload = writeNonce({
      selector: keySelector(secret),
      timestamp: this.#timestamp,
      nonce: this.#clientNonce,
    })
    this.#leg.write(writeRpcFrame(this.#sequence++, [payload], this.#d.crc32, 4))
    this.#leg.resume()
    this.#d.wheel.schedule(this, HANDSHAKE_LIMIT)
  }

  /** Only while it is ready. */
  open(options: LinkOptions): MiddleLink {
    while (this.#links.has(this.#nextLink)) this.#nextLink = (this.#nextLink + 1) >>> 0
    const number = this.#nextLink
    this.#nextLink = (number + 1) >>> 0
    const connection = Buffer.allocUnsafe(8)
    connection.writeUInt32LE(number, 0)
    connection.writeUInt32LE(this.#mark, 4)
    const header = proxyRequestHeader({ ...options, connection, our: this.#o.self })
    const link = new Link(header, {
      drained: () => this.#leg.drained,
      send: (message) => this.#call([header, message]),
      close: () => {
        if (!this.#links.delete(number) || this.#stage !== 'ready') return
        this.#call([writeCloseConn(connection)])
      },
    })
    this.#links.set(number, link)
    return link
  }

  /** Ends it; clients that still go by it are told. */
  retire(): void {
    this.#fail({ failure: 'retired' })
  }

  // What the leg tells.

  onBytes(_leg: Leg, n: number, bytes: Uint8Array): boolean {
    if (this.#stage === 'over') return false
    this.#heardAt = this.#d.wheel.now
    this.#read(
      this.#decipher ? this.#decipher.update(bytes.subarray(0, n)) : Buffer.from(bytes.subarray(0, n)),
    )
    for (const link of this.#touched) link.receiver.onAnswersRead()
    this.#touched.clear()
    return this.isOpen
  }

  get isOpen(): boolean {
    return this.#stage !== 'over'
  }

  #read(plain: Buffer): void {
    const frames = this.#frames
    const fault = frames.read(plain, (payload) => {
      this.#take(payload)
      // Behind the nonce everything is encrypted, and a connection that is over says nothing.
      return frames === this.#frames && this.isOpen
    })
    if (fault !== undefined)
      return this.#fail({ failure: this.#decipher ? 'protocol' : 'handshake', code: fault })
    if (frames !== this.#frames) {
      const rest = frames.takeRest()
      if (rest.length > 0 && this.#decipher) this.#read(this.#decipher.update(rest))
    }
  }

  #take(payload: Buffer): void {
    if (this.#stage === 'ready') this.#answer(payload)
    else if (this.#stage === 'nonce') this.#agree(payload)
    else if (this.#stage === 'handshake') this.#shakeHands(payload)
  }

  #agree(payload: Buffer): void {
    const { secret, server, self } = this.#o
    const reading = readNonce(payload, keySelector(secret))
    if (!reading.ok) return this.#fail({ failure: 'handshake', code: reading.code })
    const { nonce, timestamp } = reading.nonce
    const clockDifference = timestamp - this.#d.unixSeconds()
    if (Math.abs(clockDifference) > MAX_CLOCK_DIFFERENCE)
      return this.#fail({ failure: 'clock', clockDifference })
    const material = {
      secret,
      serverNonce: nonce,
      clientNonce: this.#clientNonce,
      clientTimestamp: this.#timestamp,
      server,
      client: self,
    }
    this.#cipher = blockCipher(deriveKey(material, 'CLIENT'))
    this.#decipher = blockDecipher(deriveKey(material, 'SERVER'))
    this.#frames = new RpcFrameReader({ sequence: HANDSHAKE_SEQUENCE, checksum: this.#d.crc32 })
    this.#stage = 'handshake'
    const handshake = writeHandshake({
      crc32c: this.#o.offerCrc32c,
      sender: this.#processId,
      peer: writeProcessId({ ...server, pid: 0, started: 0 }),
    })
    this.#call([handshake])
  }

  #shakeHands(payload: Buffer): void {
    const reading = readHandshake(payload)
    if (!reading.ok) return this.#fail({ failure: 'handshake', code: reading.code })
    if (!reading.handshake.peer.equals(this.#processId)) {
      return this.#fail({ failure: 'handshake', code: 'other_peer' })
    }
    this.#stage = 'ready'
    this.#sequence = FIRST_SEQUENCE
    if (this.#o.offerCrc32c && reading.handshake.crc32c) {
      this.#checksum = crc32c
      this.#frames.checksum = crc32c
    }
    this.#d.wheel.schedule(this, SILENCE_BEFORE_PING)
    this.#events.ready(this)
  }

  #answer(payload: Buffer): void {
    const call = readCall(payload)
    switch (call.kind) {
      case 'answer': {
        const link = this.#linkOf(call.connection)
        if (!link) return this.#disown(call.connection)
        link.receiver.onAnswer(call.message)
        this.#touched.add(link)
        return
      }
      case 'simple_ack': {
        const link = this.#linkOf(call.connection)
        if (!link) return this.#disown(call.connection)
        link.receiver.onQuickAck(call.token)
        this.#touched.add(link)
        return
      }
      case 'close_ext':
      case 'close_conn': {
        const link = this.#linkOf(call.connection)
        if (!link) return
        this.#links.delete(call.connection.readUInt32LE(0))
        this.#touched.delete(link)
        link.receiver.onLinkEnd('closed')
        return
      }
      case 'ping':
        this.#call([writePong(call.id)])
        return
      case 'pong':
        return
      case 'unknown':
        this.#events.odd('unknown_call')
        return
      case 'malformed':
        this.#events.odd('malformed')
    }
  }

  #linkOf(connection: Buffer): Link | undefined {
    return connection.readUInt32LE(4) === this.#mark ? this.#links.get(connection.readUInt32LE(0)) : undefined
  }

  /** A client that has left meanwhile: the middle proxy stops working for it. */
  #disown(connection: Buffer): void {
    this.#events.odd('unknown_client')
    this.#call([writeCloseConn(connection)])
  }

  #call(parts: readonly Uint8Array[]): boolean {
    const frame = writeRpcFrame(this.#sequence, parts, this.#checksum)
    this.#sequence = (this.#sequence + 1) | 0
    return this.#leg.write(this.#cipher!.update(frame))
  }

  onDrain(): void {
    for (const link of this.#links.values()) link.receiver.onLinkDrain()
  }

  onEnd(): void {
    this.#lost('closed')
  }

  onLost(leg: Leg): void {
    this.#lost(leg.failure === 'ETIMEDOUT' ? 'timeout' : 'reset')
  }

  onClosed(): void {
    this.#lost('closed')
  }

  #lost(failure: 'closed' | 'reset' | 'timeout'): void {
    if (this.#stage === 'nonce') this.#fail({ failure: 'nonce_refused', code: failure })
    else if (this.#stage === 'handshake') this.#fail({ failure: 'keys_refused', code: failure })
    else this.#fail({ failure })
  }

  /** The handshake took too long, or nothing was heard. */
  expire(): void {
    const { wheel } = this.#d
    if (this.#stage !== 'ready') return this.#fail({ failure: 'timeout' })
    const silent = wheel.now - this.#heardAt
    if (silent < SILENCE_BEFORE_PING) {
      this.#pinged = false
      wheel.schedule(this, SILENCE_BEFORE_PING - silent)
    } else if (this.#pinged) this.#fail({ failure: 'silent' })
    else {
      this.#pinged = true
      this.#call([writePing(this.#d.random(8))])
      wheel.schedule(this, PONG_LIMIT)
    }
  }

  #fail(detail: MiddleFailureDetail): void {
    if (this.#stage === 'over') return
    this.#stage = 'over'
    this.#detail = detail
    this.#d.wheel.cancel(this)
    this.#leg.destroy()
    const links = [...this.#links.values()]
    this.#links.clear()
    this.#touched.clear()
    this.#events.over(this, this.#detail)
    for (const link of links) link.receiver.onLinkEnd('lost')
  }
}

interface LinkCalls {
  drained(): boolean
  send(message: Buffer): boolean
  close(): void
}

class Link implements MiddleLink {
  receiver: MiddleReceiver = NOBODY
  readonly #header: Buffer
  readonly #calls: LinkCalls
  #open = true

  constructor(header: Buffer, calls: LinkCalls) {
    this.#header = header
    this.#calls = calls
  }

  get drained(): boolean {
    return this.#calls.drained()
  }

  send(message: Buffer, flags: { encrypted: boolean; quickAck: boolean }): boolean {
    if (!this.#open) return true
    setMessageFlags(this.#header, flags)
    return this.#calls.send(message)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.receiver = NOBODY
    this.#calls.close()
  }
}
