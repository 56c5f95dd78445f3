import type { Leg, LegHandler } from '../../net/leg.ts'
import type { Deadline, Wheel } from '../../net/wheel.ts'
import { type ProxyEnd, readCall, writeCloseConn, writePing, writePong } from '../../protocol/middle/rpc.ts'
import { FIRST_SEQUENCE, RpcFrameReader, writeRpcFrame } from '../../protocol/middle/rpc-frame.ts'
import type { MiddleLink } from '../../relay/middle-link.ts'
import type { MiddleFailureDetail } from './failure.ts'
import type { MiddleAgreement } from './middle-opening.ts'
import { type LinkCalls, type LinkOptions, SharedLink } from './shared-link.ts'

/** A connection on which nothing came for so long is asked, and has as long again to answer. */
const SILENCE_BEFORE_PING = 30_000
const PONG_LIMIT = 15_000
/** Answers of ours that may wait for a middle proxy that asks and does not read. */
const MOST_REPLIES_WAITING = 4096

export type OddCall = 'unknown_client' | 'unknown_call' | 'malformed'

export interface MiddleConnectionOptions {
  readonly agreement: MiddleAgreement
  /** Our end as the middle proxy sees it. */
  readonly self: ProxyEnd
}

export interface MiddleConnectionDependencies {
  readonly wheel: Wheel
  random(n: number): Buffer
}

export interface MiddleConnectionEvents {
  /** Once; its clients are told afterwards. */
  over(connection: MiddleConnection, detail: MiddleFailureDetail): void
  /** Calls that made no sense, counted. */
  odd(kind: OddCall): void
}

/** A connection to a middle proxy that has shaken hands, shared by many clients. */
export class MiddleConnection implements LegHandler, Deadline {
  dueTick = 0
  readonly #agreement: MiddleAgreement
  readonly #self: ProxyEnd
  readonly #d: MiddleConnectionDependencies
  readonly #events: MiddleConnectionEvents
  readonly #frames: RpcFrameReader
  readonly #links = new Map<number, SharedLink>()
  readonly #calls: LinkCalls
  /** Clients that something came for in the present read. */
  readonly #touched = new Set<SharedLink>()
  /** The upper half of every client's number on this connection. */
  readonly #mark: number
  #nextLink: number
  #sequence = FIRST_SEQUENCE
  /** Answers of ours since the leg was last drained. */
  #replies = 0
  #over = false
  #pinged = false
  #heardAt: number

  constructor(
    { agreement, self }: MiddleConnectionOptions,
    dependencies: MiddleConnectionDependencies,
    events: MiddleConnectionEvents,
  ) {
    this.#agreement = agreement
    this.#self = self
    this.#d = dependencies
    this.#events = events
    this.#frames = new RpcFrameReader({ sequence: FIRST_SEQUENCE, checksum: agreement.checksum })
    this.#mark = dependencies.random(4).readUInt32LE()
    this.#nextLink = dependencies.random(4).readUInt32LE()
    this.#heardAt = dependencies.wheel.now
    this.#calls = {
      drained: () => agreement.leg.drained,
      send: (parts) => this.#call(parts),
      closed: (link) => this.#close(link),
    }
  }

  /** Takes over the leg. */
  begin(): void {
    const { leg, rest } = this.#agreement
    leg.handler = this
    this.#d.wheel.schedule(this, SILENCE_BEFORE_PING)
    if (rest.length > 0) this.#read(rest)
  }

  /** Clients that go by it. */
  get load(): number {
    return this.#links.size
  }

  get isOpen(): boolean {
    return !this.#over
  }

  /** Where we are, as it sees it. */
  get self(): ProxyEnd {
    return this.#self
  }

  /** A way for one client; only while it is open. */
  open(options: LinkOptions): MiddleLink {
    while (this.#links.has(this.#nextLink)) this.#nextLink = (this.#nextLink + 1) >>> 0
    const number = this.#nextLink
    this.#nextLink = (number + 1) >>> 0
    const connection = Buffer.allocUnsafe(8)
    connection.writeUInt32LE(number, 0)
    connection.writeUInt32LE(this.#mark, 4)
    const link = new SharedLink(connection, this.#self, options, this.#calls)
    this.#links.set(number, link)
    return link
  }

  /** Ends it; clients that still go by it are told. */
  retire(): void {
    this.#end({ failure: 'retired' })
  }

  // What the leg tells.

  onBytes(_leg: Leg, n: number, bytes: Uint8Array): boolean {
    if (this.#over) return false
    this.#heardAt = this.#d.wheel.now
    this.#read(this.#agreement.decipher.update(bytes.subarray(0, n)))
    return this.isOpen
  }

  #read(plain: Buffer): void {
    const fault = this.#frames.read(plain, (payload) => {
      this.#take(payload)
      return this.isOpen
    })
    for (const link of this.#touched) link.receiver.onAnswersRead()
    this.#touched.clear()
    if (fault !== undefined) this.#end({ failure: 'protocol', code: fault })
  }

  #take(payload: Buffer): void {
    const call = readCall(payload)
    switch (call.kind) {
      case 'answer':
        return this.#deliver(call.connection, (link) => link.receiver.onAnswer(call.message))
      case 'simple_ack':
        return this.#deliver(call.connection, (link) => link.receiver.onQuickAck(call.token))
      case 'close_ext':
      case 'close_conn':
        return this.#forget(call.connection)
      case 'ping':
        return this.#reply(writePong(call.id))
      case 'pong':
        return
      case 'unknown':
        return this.#events.odd('unknown_call')
      case 'malformed':
        return this.#events.odd('malformed')
    }
  }

  #deliver(connection: Buffer, tell: (link: SharedLink) => void): void {
    const link = this.#linkOf(connection)
    if (link) {
      tell(link)
      this.#touched.add(link)
    } else {
      // A client that has left meanwhile: the middle proxy stops working for it.
      this.#events.odd('unknown_client')
      this.#reply(writeCloseConn(connection))
    }
  }

  #forget(connection: Buffer): void {
    const link = this.#linkOf(connection)
    if (!link) return
    this.#links.delete(connection.readUInt32LE(0))
    this.#touched.delete(link)
    link.end('closed')
  }

  #linkOf(connection: Buffer): SharedLink | undefined {
    return connection.readUInt32LE(4) === this.#mark ? this.#links.get(connection.readUInt32LE(0)) : undefined
  }

  #close(link: SharedLink): void {
    if (this.#links.delete(link.connection.readUInt32LE(0))) this.#call([writeCloseConn(link.connection)])
  }

  /** Clients wait until their connection is drained; what the middle proxy makes us say it can only be held to by an end. */
  #reply(payload: Buffer): void {
    this.#replies = this.#call([payload]) ? 0 : this.#replies + 1
    if (this.#replies > MOST_REPLIES_WAITING) this.#end({ failure: 'protocol', code: 'replies_not_read' })
  }

  #call(parts: readonly Uint8Array[]): boolean {
    if (this.#over) return true
    const { leg, cipher, checksum } = this.#agreement
    const frame = writeRpcFrame(this.#sequence, parts, checksum)
    // A connection of days wraps round.
    this.#sequence = (this.#sequence + 1) | 0
    return leg.write(cipher.update(frame))
  }

  onDrain(): void {
    this.#replies = 0
    for (const link of this.#links.values()) link.receiver.onLinkDrain()
  }

  onEnd(): void {
    this.#end({ failure: 'closed' })
  }

  onLost(leg: Leg): void {
    this.#end({ failure: leg.failure === 'ETIMEDOUT' ? 'timeout' : 'reset' })
  }

  onClosed(): void {
    this.#end({ failure: 'closed' })
  }

  /** Nothing was heard for a while. */
  expire(): void {
    const { wheel, random } = this.#d
    const silent = wheel.now - this.#heardAt
    if (silent < SILENCE_BEFORE_PING) {
      this.#pinged = false
      wheel.schedule(this, SILENCE_BEFORE_PING - silent)
    } else if (this.#pinged) this.#end({ failure: 'silent' })
    else {
      this.#pinged = true
      this.#call([writePing(random(8))])
      wheel.schedule(this, PONG_LIMIT)
    }
  }

  #end(detail: MiddleFailureDetail): void {
    if (this.#over) return
    this.#over = true
    this.#d.wheel.cancel(this)
    this.#agreement.leg.destroy()
    const links = [...this.#links.values()]
    this.#links.clear()
    this.#touched.clear()
    this.#events.over(this, detail)
    for (const link of links) link.end('lost')
  }
}
