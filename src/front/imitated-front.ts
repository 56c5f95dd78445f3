import type { Leg, LegHandler } from '../net/leg.ts'
import type { Deadline, Wheel } from '../net/wheel.ts'
import type { ClockedStay } from './front-clocks.ts'
import { type Manners, type Offence, type Reaction, USUAL_SILENCE } from './manners.ts'

const RECORD_HEADER = 5
const CHANGE_CIPHER_SPEC = 0x14
const ALERT = 0x15
const HANDSHAKE = 0x16
const APPLICATION_DATA = 0x17
/** RFC 8446 §5.2; and RFC 5246 §6.2.3, which some stacks keep to. */
const MAX_CIPHERTEXT = 16_640
const MAX_CIPHERTEXT_TLS_12 = 18_432
/** The least that is a record of TLS 1.3: its type and the tag. */
const LEAST_CIPHERTEXT = 17

/**
 * What every stack measured does with a record that it cannot decrypt (an encrypted alert, then the end), for a front whose
 * manners are not known yet.
 */
const USUAL: Reaction = { atHeader: false, says: [[APPLICATION_DATA, 19]], end: 'fin' }
const FAREWELL: Reaction = { ...USUAL, says: [] }
const USUAL_CCS = 32
const USUAL_TAKES = 16_384

export interface ImitatedFrontOptions {
  readonly manners: Manners | undefined
  /** Milliseconds since the accept: the front's own clock would have begun there. */
  readonly elapsed: number
  /** Milliseconds from the accept after which a silent client is ended at the latest; undefined: as the front does. */
  readonly longestSilence: number | undefined
  /** On the front's clock for all its connections, where it has one. */
  readonly stay?: ClockedStay | undefined
}

export interface ImitatedFrontDependencies {
  readonly wheel: Wheel
  readonly random: (n: number) => Buffer
  /** Runs it after the loop has looked at its sockets: a server does not answer within a write. */
  soon(run: () => void): void
}

/**
 * A leg in the place of a front that is not there: behind a recorded first flight it does with the client's bytes what that
 * front was measured to do with a client that never finishes the handshake. Alert, kind of end and time-out are the front's.
 */
export class ImitatedFront implements Leg, Deadline {
  handler: LegHandler
  dueTick = 0
  readonly connected = true
  ended = false
  failure: string | undefined
  readonly drained = true
  readonly #manners: Manners | undefined
  readonly #dependencies: ImitatedFrontDependencies
  readonly #stay: ClockedStay | undefined
  readonly #header = new Uint8Array(RECORD_HEADER)
  #headerLength = 0
  /** Bytes of the record's payload that are still to come, and what is wrong with it once it is whole. */
  #left = 0
  #fault: Offence | undefined
  /** Bytes of the record that have come. */
  #recordLength = 0
  #ccs = 0
  /** A reaction has begun: nothing is read any more. */
  #reacted = false
  #closed = false

  constructor(handler: LegHandler, options: ImitatedFrontOptions, dependencies: ImitatedFrontDependencies) {
    const { manners, elapsed, longestSilence, stay } = options
    this.handler = handler
    this.#manners = manners
    this.#dependencies = dependencies
    this.#stay = stay
    const { silences = [], endures } = manners ?? {}
    const usual = endures ? Number.POSITIVE_INFINITY : USUAL_SILENCE
    const drawn = silences[dependencies.random(1)[0]! % Math.max(1, silences.length)] ?? usual
    const left = stay?.left ?? drawn - elapsed
    const most = (longestSilence ?? Number.POSITIVE_INFINITY) - elapsed
    const patience = Math.max(0, Math.min(left, most))
    if (patience < Number.POSITIVE_INFINITY) dependencies.wheel.schedule(this, patience)
  }

  write(bytes: Buffer): boolean {
    return this.#read(bytes, bytes.length)
  }

  writeCopy(n: number, bytes: Uint8Array): boolean {
    return this.#read(bytes, n)
  }

  writePooled(buffer: Buffer, n: number): boolean {
    return this.#read(buffer, n)
  }

  /** The front's patience is over. */
  expire(): void {
    const { silences = [], silence } = this.#manners ?? {}
    this.#react(silence && silences.length > 0 ? silence : FAREWELL, 0)
  }

  /** The client has said FIN. */
  end(): void {
    if (this.ended) this.#close()
    else this.#react(this.#reacted ? FAREWELL : this.#reactionTo('fin', FAREWELL), 0)
  }

  reset(): void {
    this.destroy()
  }

  resetAfterDrain(): void {
    this.destroy()
  }

  destroyAfterDrain(): void {
    this.destroy()
  }

  destroy(): void {
    this.#reacted = true
    this.#leaveClock()
    this.#close()
  }

  pause(): void {}
  resume(): void {}
  limitReads(): void {}

  #read(bytes: Uint8Array, n: number): boolean {
    // After a server's FIN its socket is gone: what comes then is answered with a reset.
    if (this.ended) this.#dependencies.soon(() => this.#lose())
    for (let at = 0; at < n && !this.#reacted; ) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, n - at)
        at += part
        this.#left -= part
        this.#recordLength += part
        if (this.#left === 0) this.#recordEnds(bytes[at - 1]!, n - at)
        continue
      }
      this.#header[this.#headerLength++] = bytes[at++]!
      if (this.#headerLength === RECORD_HEADER) this.#headerEnds(n - at)
    }
    return true
  }

  #headerEnds(behind: number): void {
    this.#headerLength = 0
    this.#recordLength = RECORD_HEADER
    const length = (this.#header[3]! << 8) | this.#header[4]!
    this.#fault = this.#headerFault(length)
    this.#left = length
    if (this.#fault && (this.#reactionTo(this.#fault).atHeader || length === 0)) {
      this.#react(this.#reactionTo(this.#fault), behind)
    }
  }

  #headerFault(length: number): Offence | undefined {
    const [type, major, minor] = this.#header
    const isVersion = major === 3 && minor === 3
    if (length > MAX_CIPHERTEXT && !(type === APPLICATION_DATA && isVersion)) return 'long_noise'
    switch (type) {
      case APPLICATION_DATA:
        if (!isVersion) return 'version'
        if (length > MAX_CIPHERTEXT_TLS_12) return 'far_too_long'
        if (length > MAX_CIPHERTEXT) return 'too_long'
        if (length === 0) return 'empty'
        return length < LEAST_CIPHERTEXT ? 'short' : 'junk'
      case CHANGE_CIPHER_SPEC:
        return isVersion && length === 1 ? undefined : 'bad_ccs'
      case HANDSHAKE:
        return isVersion ? 'handshake' : 'noise'
      case ALERT:
        return isVersion ? 'alert' : 'noise'
      default:
        return isVersion ? 'unknown_type' : 'noise'
    }
  }

  #recordEnds(last: number, behind: number): void {
    if (this.#fault) return this.#react(this.#reactionTo(this.#fault), behind)
    if (last !== 1) return this.#react(this.#reactionTo('bad_ccs'), behind)
    if (++this.#ccs > (this.#manners?.ccsTaken ?? USUAL_CCS))
      this.#react(this.#reactionTo('many_ccs'), behind)
  }

  #reactionTo(offence: Offence, otherwise = this.#manners?.reactions.junk ?? USUAL): Reaction {
    return this.#manners?.reactions[offence] ?? otherwise
  }

  /** @param behind bytes of the client's that are here already, behind what is reacted to */
  #react({ says, end }: Reaction, behind: number): void {
    const isUnread = this.#recordLength + behind > (this.#manners?.takes ?? USUAL_TAKES)
    const how = end === 'fin' && behind > 0 && isUnread ? 'reset' : end
    // A front that waits for more after what it was told keeps its patience and its clock.
    if (says.length === 0 && how === 'open') return
    this.#reacted = true
    if (how !== 'open') this.#leaveClock()
    const bytes = Buffer.concat(says.map(([type, payload]) => this.#record(type, payload)))
    this.#dependencies.soon(() => {
      if (this.#closed || this.ended) return
      if (bytes.length > 0) this.handler.onBytes(this, bytes.length, bytes)
      if (how === 'reset') this.#lose()
      if (how !== 'fin') return
      this.ended = true
      this.handler.onEnd(this)
    })
  }

  #record(type: number, payload: number | string): Buffer {
    const body =
      typeof payload === 'string' ? Buffer.from(payload, 'hex') : this.#dependencies.random(payload)
    return Buffer.concat([Buffer.from([type, 3, 3, body.length >> 8, body.length & 0xff]), body])
  }

  #lose(): void {
    if (this.#closed) return
    this.failure = 'ECONNRESET'
    this.handler.onLost(this)
    this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#dependencies.soon(() => this.handler.onClosed(this))
  }

  #leaveClock(): void {
    this.#dependencies.wheel.cancel(this)
    this.#stay?.leave()
  }
}
