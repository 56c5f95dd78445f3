import type { Cipheriv, Decipheriv } from 'node:crypto'
import type { Leg, LegHandler } from '../net/leg.ts'
import type { Deadline, Wheel } from '../net/wheel.ts'
import type { Transport } from '../protocol/obfuscated2.ts'
import type { RecordStripper } from '../protocol/tls/record.ts'
import { messageKind } from '../protocol/transport/client-message.ts'
import { FrameReader } from '../protocol/transport/frame-reader.ts'
import { frameEnds, writeQuickAck } from '../protocol/transport/frame-writer.ts'
import { AnswerFlow } from './answer-flow.ts'
import { PlainWriter } from './client-writer.ts'
import type { MiddleLink, MiddleReceiver } from './middle-link.ts'
import type { Relay, RelayDependencies, RelayEnd, RelayMeter } from './relay.ts'
import { type RecordSizes, tlsWriter } from './tls-writer.ts'
import type { WaitingBudget } from './waiting-answers.ts'

/** While so much waits for a client, its own requests are not read: what it asked for already is all that may come. */
export const MOST_BEFORE_REQUESTS_WAIT = 1024 * 1024
/**
 * What may wait for one client. Nothing in the RPC lets a proxy slow down the answers to one client, and stopping the
 * connection would stop hundreds of others, so this is what a client may have asked for and not taken: the most
 * parts that a client has under way, and as much again.
 */
export const MOST_WAITING = 32 * 1024 * 1024

/** How long a client may take to end its side. */
const LAST_WORDS = 5000

export interface MiddleRelayOptions {
  readonly client: Leg
  readonly link: MiddleLink
  readonly transport: Transport
  /** Stands behind the client's init; undefined for a client without FakeTLS. */
  readonly stripper: RecordStripper | undefined
  /** Of the records towards the client. */
  readonly sizes?: RecordSizes | undefined
  /** From the client; its keystream stands behind the init. */
  readonly decipher: Decipheriv
  /** Towards the client, from its start. */
  readonly cipher: Cipheriv
  /** Payload bytes of a client's frame. */
  readonly frameLimit: number
  readonly meter?: RelayMeter | undefined
}

export interface MiddleRelayDependencies extends RelayDependencies {
  readonly waiting: WaitingBudget
  random(n: number): Buffer
  /** A message that a middle proxy would not take. */
  dropped(): void
}

/**
 * A session through a middle proxy: the client's frames go on one by one, and each answer becomes a frame of the client's
 * transport. The connection is shared, so what a slow client does not take waits here.
 */
export class MiddleRelay implements Relay, LegHandler, MiddleReceiver, Deadline {
  dueTick = 0
  bytesUp = 0
  bytesDown = 0
  lastUpAt: number
  lastDownAt: number
  wasAnsweredLast = false
  result: RelayEnd = 'ok'
  readonly #client: Leg
  readonly #link: MiddleLink
  readonly #transport: Transport
  readonly #stripper: RecordStripper | undefined
  readonly #decipher: Decipheriv
  readonly #frames: FrameReader
  readonly #answers: AnswerFlow
  readonly #wheel: Wheel
  readonly #d: MiddleRelayDependencies
  readonly #onOver: (relay: MiddleRelay) => void
  #meter: RelayMeter | undefined
  #upWaits = false
  /** The client's end waits for what is queued. */
  #endAfterQueue = false
  #linkOpen = true

  constructor(
    options: MiddleRelayOptions,
    dependencies: MiddleRelayDependencies,
    onOver: (relay: MiddleRelay) => void,
  ) {
    const { client, stripper, sizes = {} } = options
    const { outgoing, wheel } = dependencies
    this.#client = client
    this.#link = options.link
    this.#transport = options.transport
    this.#stripper = stripper
    this.#decipher = options.decipher
    this.#frames = new FrameReader(options.transport, options.frameLimit)
    this.#answers = new AnswerFlow({
      client,
      writer: stripper ? tlsWriter(client, sizes, { outgoing, wheel }) : new PlainWriter(client, outgoing),
      cipher: options.cipher,
      budget: dependencies.waiting,
    })
    this.#wheel = wheel
    this.#d = dependencies
    this.#onOver = onOver
    this.lastUpAt = wheel.now
    this.lastDownAt = wheel.now
    if (options.meter !== undefined) this.measure(options.meter)
  }

  get isMeasured(): boolean {
    return this.#meter !== undefined
  }

  measure(meter: RelayMeter): void {
    this.#meter = meter
    this.#answers.meter = meter
    meter.proceed = (direction) => this.#proceed(direction)
    this.#client.limitReads(() => meter.window('up'))
  }

  /** Takes over the leg; `firstPayload` is what the client sent behind its init. */
  start(firstPayload: Buffer): void {
    this.#client.handler = this
    this.#link.receiver = this
    if (firstPayload.length > 0) this.#payload(firstPayload)
    this.#readOn()
    if (this.#client.ended) this.onEnd()
  }

  cut(result: RelayEnd): void {
    if (this.result === 'ok') this.result = result
    this.#leaveLink()
    this.#answers.discard()
    this.#client.destroy()
  }

  // The client's side.

  onBytes(_leg: Leg, n: number, bytes: Uint8Array): boolean {
    this.lastUpAt = this.#wheel.now
    this.wasAnsweredLast = false
    const length = this.#stripper ? this.#stripper.strip(bytes, 0, n) : n
    if (length < 0) {
      this.cut('bad_record')
      return false
    }
    // Nobody is there any more to whom it could go.
    if (!this.#linkOpen) return true
    if (length > 0) this.#payload(length === bytes.length ? bytes : bytes.subarray(0, length))
    return this.#mayRead
  }

  #payload(bytes: Uint8Array): void {
    const toll = this.#meter?.take('up', bytes.length) ?? 'go'
    if (toll === 'over') return this.cut('quota')
    this.#upWaits = toll === 'wait'
    this.bytesUp += bytes.length
    const fault = this.#frames.read(this.#decipher.update(bytes), (message, quickAck) => {
      if (this.#linkOpen) this.#forward(message, quickAck)
    })
    if (fault) return this.cut('bad_frame')
    if (toll === 'last') this.cut('quota')
  }

  #forward(message: Buffer, quickAck: boolean): void {
    const kind = messageKind(message)
    if (kind === undefined) this.#d.dropped()
    else this.#link.send(message, { encrypted: kind === 'encrypted', quickAck })
  }

  get #mayRead(): boolean {
    return (
      this.#linkOpen &&
      !this.#upWaits &&
      this.#link.drained &&
      this.#answers.waiting < MOST_BEFORE_REQUESTS_WAIT
    )
  }

  #readOn(): void {
    if (this.#mayRead) this.#client.resume()
  }

  #proceed(direction: 'up' | 'down'): void {
    if (direction === 'up') {
      this.#upWaits = false
      this.#readOn()
    } else {
      this.#answers.proceed()
      this.#pump()
    }
  }

  onDrain(): void {
    this.#pump()
  }

  /** There is nothing to be half closed: whoever asks for nothing more gets nothing more (MTProxy closes at once). */
  onEnd(): void {
    this.#leaveLink()
    this.#answers.discard()
    this.#client.end()
  }

  onLost(): void {
    if (this.result === 'ok') this.result = 'reset'
    this.#leaveLink()
    this.#answers.discard()
  }

  onClosed(): void {
    this.#wheel.cancel(this)
    this.#leaveLink()
    this.#answers.discard()
    this.#onOver(this)
  }

  /** The client has not ended its side in time. */
  expire(): void {
    this.#client.destroy()
  }

  // The middle proxy's side.

  onAnswer(message: Buffer): void {
    if (!this.#linkOpen) return
    this.#answers.pushFrame(frameEnds(this.#transport, message.length, this.#d.random), message)
  }

  onQuickAck(token: number): void {
    if (this.#linkOpen) this.#answers.push(writeQuickAck(this.#transport, token))
  }

  onAnswersRead(): void {
    this.#pump()
    const { held, most } = this.#d.waiting
    const { waiting } = this.#answers
    if (waiting > MOST_WAITING || (held > most && waiting > MOST_BEFORE_REQUESTS_WAIT)) this.cut('slow')
  }

  onLinkDrain(): void {
    this.#readOn()
  }

  onLinkEnd(how: 'closed' | 'lost'): void {
    this.#linkOpen = false
    if (how === 'lost' && this.result === 'ok') this.result = 'middle_lost'
    this.#endAfterQueue = true
    this.#pump()
  }

  #pump(): void {
    if (this.#answers.pump(this.#wrote) === 'over') return this.cut('quota')
    if (this.#answers.waiting === 0 && this.#endAfterQueue) this.#endClient()
    this.#readOn()
  }

  readonly #wrote = (bytes: number): void => {
    this.bytesDown += bytes
    this.lastDownAt = this.#wheel.now
    this.wasAnsweredLast = true
  }

  #endClient(): void {
    this.#endAfterQueue = false
    this.#answers.flush()
    this.#client.end()
    // Bytes that were never read would turn the end into a reset, and take with them what the client has not seen.
    this.#client.resume()
    this.#wheel.schedule(this, LAST_WORDS)
  }

  #leaveLink(): void {
    if (!this.#linkOpen) return
    this.#linkOpen = false
    this.#link.close()
  }
}
