import type { Leg, LegHandler } from '../net/leg.ts'
import { ShapedSplice, type Shaping } from '../net/shaped-splice.ts'
import { Splice } from '../net/splice.ts'
import type { Deadline, Wheel } from '../net/wheel.ts'
import { readFirstData } from '../protocol/tls/first-data.ts'
import { MAX_FLIGHT } from '../protocol/tls/server-flight.ts'
import { Awaited } from './awaited.ts'
import { MAX_FIRST_FLIGHT, readFirstBytes, readInit } from './first-bytes.ts'
import { HeldFlight } from './held-flight.ts'
import { KeptBytes } from './kept-bytes.ts'
import type { TeeDependencies, WithoutFront } from './tee-dependencies.ts'
import type { FirstDataResult, FlightResult, HelloResult } from './tee-results.ts'

/** What is kept of the client's bytes after the answer: an init in a full record, and all that may come before it. */
const MAX_FIRST_DATA = 32 * 1024
/** How long 64 bytes may take that may be an init, while what the front says to them is held. */
const INIT_WAIT = 3000

/** A front that was passed over for another. */
const UNHEARD: LegHandler = {
  onBytes: () => false,
  onDrain: () => {},
  onEnd: () => {},
  onLost: () => {},
  onClosed: () => {},
}

/**
 * - hello: every byte goes to the front and back at once, while the client's are also read.
 * - init: no TLS, where that is allowed: the front's bytes and its end are held until 64 bytes are there.
 * - answer: the hello is whole; the front's bytes are held until somebody decides whose answer it is.
 * - first-data: our answer is out; the client's bytes still go to the front until they prove to be an init.
 * - decided: the client's reading stands still, and so does the front's end.
 * - spliced: the front's for good.
 */
type Phase = 'hello' | 'init' | 'answer' | 'first-data' | 'decided' | 'spliced' | 'left'

type Ending = 'open' | 'end' | 'lost'

/**
 * The client's leg and the front's, from accept until the connection is somebody's. By itself it is a transparent splice;
 * the walk asks it for what it needs next, and either leaves the connection to the front (`splice`) or takes it (`leave`).
 */
export class Tee implements LegHandler, Deadline {
  dueTick = 0
  readonly client: Leg
  #front: Leg | undefined
  #phase: Phase = 'hello'
  readonly #wheel: Wheel
  readonly #awaitsInit: boolean
  readonly #withoutFront: WithoutFront | undefined
  readonly #shaping: Shaping | undefined
  readonly #soon: (run: () => void) => void
  readonly #onOver: () => void

  readonly #fromClient = new KeptBytes()
  /** Bytes of the client that the front has not been given yet. */
  #unsent: Buffer | undefined
  readonly #fromFront = new KeptBytes()
  #frontEnding: Ending = 'open'
  #clientEnding: Ending = 'open'
  #frontSpoke = false
  /** Bytes of the client so far. */
  #said = 0
  /** The front that was told of the client's end. */
  #toldEnd: Leg | undefined
  #openLegs = 1
  #frontClosed = false
  /** The client has been told the end already, by a FIN. */
  #hasParted = false
  #callOff: (() => void) | undefined
  /** Of the site to which it has moved before there was a leg to any. */
  #dialOther: ((handler: LegHandler) => Leg) | undefined

  readonly #hello = new Awaited<HelloResult>()
  readonly #flight: HeldFlight
  readonly #data = new Awaited<FirstDataResult>()
  #early = false
  /** What has come has not been looked at yet. */
  #isPutOff = false

  constructor(client: Leg, dependencies: TeeDependencies, onOver: () => void) {
    this.client = client
    this.#wheel = dependencies.wheel
    this.#awaitsInit = dependencies.awaitsInit ?? false
    this.#withoutFront = dependencies.withoutFront
    this.#shaping = dependencies.shaping
    this.#soon = dependencies.soon
    this.#onOver = onOver
    this.#flight = new HeldFlight(this.#fromFront, this, dependencies)
  }

  /** The front's leg has to wait for a descriptor. @param callOff for when the connection needs none any more */
  awaitFront(callOff: () => void): void {
    this.#callOff = callOff
  }

  #needsNoFront(): void {
    this.#callOff?.()
    this.#callOff = undefined
  }

  /** The connection to the front begins; what the client has said meanwhile goes there first. */
  showTo(dialFront: (handler: LegHandler) => Leg): void {
    this.#front = (this.#dialOther ?? dialFront)(this)
    this.#dialOther = undefined
    this.#openLegs++
    if (this.#fromClient.length > 0) this.#front.write(Buffer.from(this.#fromClient.bytes))
    if (this.#clientEnding === 'end') this.#endFront(this.#front)
    if (this.#clientEnding === 'lost') this.#front.resetAfterDrain()
    if (this.#phase === 'spliced') this.#join(this.#front)
  }

  /** Another front, because the hello names another site: possible while the first has not said a word. */
  moveTo(dialFront: (handler: LegHandler) => Leg): boolean {
    if (!this.#front) {
      this.#dialOther = dialFront
      return true
    }
    if (this.#frontSpoke || this.#fromFront.length > 0) return false
    if (this.frontEnded && !this.frontDown) return false
    this.#passOver(this.#front)
    this.showTo(dialFront)
    return true
  }

  /** Nothing of this front's is heard any more. */
  #passOver(front: Leg): void {
    front.handler = UNHEARD
    front.destroy()
    if (!this.#frontClosed) this.#openLegs--
    this.#frontClosed = false
    this.#frontEnding = 'open'
  }

  /** The client has sent more than its hello already. */
  get early(): boolean {
    return this.#early
  }

  get frontEnded(): boolean {
    return this.#frontEnding !== 'open'
  }

  get clientGone(): boolean {
    return this.#clientEnding === 'lost'
  }

  /** What the client said first, as far as it is kept; for telling what a stranger speaks. */
  get firstBytes(): Buffer {
    return this.#fromClient.bytes
  }

  /** The front has begun to answer a hello that nobody has decided on. */
  get isHolding(): boolean {
    return this.#flight.hasBegun
  }

  /** Milliseconds for which that answer has been held; 0 while there is none. */
  get heldFor(): number {
    return this.#flight.heldFor
  }

  /** The front's answer could not be had: it refused or failed before it said anything. */
  get frontDown(): boolean {
    return this.#frontEnding === 'lost' && !this.#frontSpoke && this.#fromFront.length === 0
  }

  // What the walk asks for.

  hello(): Promise<HelloResult> {
    return this.#hello.ask()
  }

  /** Stops waiting for a hello that has not come whole: the connection is the front's. */
  giveUp(): void {
    if (this.#phase === 'hello' || this.#phase === 'init') {
      this.#settleHello({ state: 'not_ours', code: 'unauthenticated' })
    }
  }

  /** As of `HeldFlight`. */
  answerBegins(): Promise<void> {
    return this.#flight.begins()
  }

  /** As of `HeldFlight.whole`. */
  flight(expectedRecords: number, patience = Number.POSITIVE_INFINITY): Promise<FlightResult> {
    return this.#flight.whole(expectedRecords, patience)
  }

  /** Our answer, in one write. */
  answer(bytes: Buffer): void {
    this.#phase = 'first-data'
    this.#fromFront.clear()
    this.#fromClient.clear()
    this.client.write(bytes)
  }

  /** The same without the front: from here on `standIn` has its place, and what the front has said is forgotten. */
  answerWithout(bytes: Buffer, standIn: (handler: LegHandler) => Leg): void {
    this.#needsNoFront()
    if (this.#front) this.#passOver(this.#front)
    this.#front = standIn(this)
    this.#openLegs++
    this.answer(bytes)
    this.client.resume()
  }

  firstData(): Promise<FirstDataResult> {
    const data = this.#data.ask()
    if (this.frontEnded) this.#settleFirstData('front_ended')
    else if (this.#clientEnding === 'end') this.#settleFirstData('client_end')
    else if (this.#clientEnding === 'lost') this.#settleFirstData('client_gone')
    return data
  }

  /** The front's for good: it gets what it has not seen, and the client what was held. */
  splice(): void {
    if (this.#phase === 'spliced' || this.#hasParted) return
    this.#phase = 'spliced'
    this.#wheel.cancel(this)
    this.#flight.cancel()
    if (this.#front) this.#join(this.#front)
  }

  #join(front: Leg): void {
    const plain = new Splice(this.client, front, this.#openLegs, this.#onOver)
    const splice = this.#shaping
      ? new ShapedSplice(this.client, front, plain, this.#shaping, this.#said)
      : plain
    this.client.handler = splice
    front.handler = splice
    const frontTook = this.#unsent === undefined || front.write(this.#unsent)
    const { length, bytes } = this.#fromFront
    const clientTook = length === 0 || splice.onBytes(front, length, bytes)
    this.#fromClient.clear()
    this.#fromFront.clear()
    if (this.#clientEnding === 'end') this.#endFront(front)
    if (this.#frontEnding === 'end') splice.onEnd(front)
    if (this.#frontEnding === 'lost') splice.onLost(front)
    if (frontTook && front.drained) this.client.resume()
    if (clientTook && this.client.drained) front.resume()
  }

  #endFront(front: Leg): void {
    if (this.#toldEnd === front) return
    this.#toldEnd = front
    if (this.#shaping?.padding) front.write(this.#shaping.padding(this.#said))
    front.end()
  }

  /** As a closed port would. */
  refuse(): void {
    this.#needsNoFront()
    this.splice()
    this.#settleHello({ state: 'not_ours', code: 'client_gone' })
    this.client.reset()
    this.#front?.destroy()
  }

  /** Closed as a server closes, after these last bytes; the front is not asked any more. */
  turnAway(lastBytes: Buffer | undefined): void {
    this.#needsNoFront()
    this.#phase = 'left'
    if (this.#front) this.#passOver(this.#front)
    if (lastBytes) this.client.write(lastBytes)
    this.client.destroy()
  }

  /** The session is ours: the front's leg is reset, and the client's is the caller's. */
  leave(): void {
    this.#needsNoFront()
    this.#phase = 'left'
    this.#front?.reset()
    this.#fromClient.clear()
    this.#fromFront.clear()
    this.#unsent = undefined
  }

  get #isDecided(): boolean {
    return this.#phase === 'decided'
  }

  // What the legs tell.

  onBytes(leg: Leg, n: number, bytes: Uint8Array): boolean {
    return leg === this.client ? this.#clientBytes(n, bytes) : this.#frontBytes(leg, n, bytes)
  }

  #clientBytes(n: number, bytes: Uint8Array): boolean {
    this.#said += n
    switch (this.#phase) {
      case 'hello': {
        this.#fromClient.append(n, bytes)
        const forwarded = this.#front?.writeCopy(n, bytes) ?? false
        if (this.#isConnecting) return this.#recogniseSoon()
        const recognised = this.#recognise()
        // What comes behind an init is the session's, and waits for it.
        if (this.#isDecided) return false
        // The hello must become whole even where the front does not take it yet.
        return forwarded || (!recognised && this.#fromClient.length < MAX_FIRST_FLIGHT)
      }
      case 'init':
        this.#fromClient.append(n, bytes)
        this.#front?.writeCopy(n, bytes)
        return !this.#recognise()
      case 'answer':
        this.#early = true
        return this.#front?.writeCopy(n, bytes) ?? false
      case 'first-data':
        return this.#readFirstData(n, bytes)
      case 'decided':
        this.#unsent = Buffer.concat([this.#unsent ?? Buffer.alloc(0), bytes.subarray(0, n)])
        return false
      case 'spliced':
        // There is no front's leg yet to splice with: it gets this first.
        this.#fromClient.append(n, bytes)
        return false
      case 'left':
        return false
    }
  }

  /** The hello waits in the front's leg. Where it may be an init none of it is the front's to answer. */
  get #isConnecting(): boolean {
    return !this.#awaitsInit && this.#front !== undefined && !this.#front.connected && !this.frontEnded
  }

  /**
   * A hello comes with its connection, before ours to the front has been told that it stands. The front has it a tenth of a
   * millisecond sooner, and computes meanwhile, when it is read after that.
   */
  #recogniseSoon(): boolean {
    if (!this.#isPutOff) this.#soon(() => this.#catchUp())
    this.#isPutOff = true
    return this.#fromClient.length < MAX_FIRST_FLIGHT
  }

  /** Before anything else is told. */
  #catchUp(): void {
    if (!this.#isPutOff) return
    this.#isPutOff = false
    if (this.#phase === 'hello') this.#recognise()
  }

  /** False: more is awaited. */
  #recognise(): boolean {
    if (!this.#hello.isAsked) return true
    const { bytes } = this.#fromClient
    const isInit = this.#phase === 'init'
    const reading = isInit ? readInit(bytes) : readFirstBytes(bytes, this.#awaitsInit && !this.#frontSpoke)
    switch (reading.state) {
      case 'more':
        return false
      case 'init_begins':
        if (!isInit) this.#wheel.schedule(this, INIT_WAIT)
        this.#phase = 'init'
        return false
      case 'init':
        this.#phase = 'decided'
        break
      case 'hello':
        this.#early = bytes.length > reading.hello.wireLength
        this.#phase = 'answer'
        if (!this.#frontSpoke) break
        this.#settleHello({ state: 'not_ours', code: 'front_spoke' })
        return true
      case 'not_ours':
        break
    }
    this.#settleHello(reading)
    return true
  }

  #readFirstData(n: number, bytes: Uint8Array): boolean {
    this.#fromClient.append(n, bytes)
    const reading = readFirstData(this.#fromClient.bytes)
    if (reading.state === 'complete') {
      this.#phase = 'decided'
      this.#unsent = Buffer.from(bytes.subarray(0, n))
      this.#data.tell(reading)
      return false
    }
    const forwarded = this.#front!.writeCopy(n, bytes)
    if (reading.state === 'bad' || this.#fromClient.length > MAX_FIRST_DATA) this.#settleFirstData('junk')
    return forwarded
  }

  #frontBytes(leg: Leg, n: number, bytes: Uint8Array): boolean {
    if (leg !== this.#front) return false
    this.#catchUp()
    switch (this.#phase) {
      case 'hello':
        this.#frontSpoke = true
        return this.client.writeCopy(n, bytes)
      case 'first-data':
        // Once the client has said something, what the front says is its reaction to that.
        this.#fromFront.append(n, bytes)
        if (this.#fromClient.length > 0) this.#settleFirstData('front_spoke')
        return this.#fromFront.length < MAX_FLIGHT
      case 'answer':
        this.#flight.append(n, bytes)
        return this.#fromFront.length < MAX_FLIGHT
      default:
        this.#fromFront.append(n, bytes)
        return this.#fromFront.length < MAX_FLIGHT
    }
  }

  /** What is awaited has not come. */
  expire(): void {
    if (this.#phase === 'init') return this.#settleHello({ state: 'not_ours', code: 'not_tls' })
    if (this.#withoutFront?.end === 'fin') {
      this.#hasParted = true
      this.client.destroyAfterDrain()
    }
    this.#settleHello({ state: 'not_ours', code: 'front_down' })
  }

  onDrain(leg: Leg): void {
    if (leg === this.client) this.#front?.resume()
    else if (this.#phase !== 'decided') this.client.resume()
  }

  onEnd(leg: Leg): void {
    this.#catchUp()
    if (leg === this.client) {
      this.#clientEnding = 'end'
      // What the front has not seen goes before the FIN.
      if (this.#front && this.#phase !== 'decided') this.#endFront(this.#front)
      this.#settleHello({ state: 'not_ours', code: 'client_end' })
      if (this.#phase === 'first-data') this.#settleFirstData('client_end')
      return
    }
    if (leg === this.#front) this.#frontEnds('end')
  }

  onLost(leg: Leg): void {
    this.#catchUp()
    if (leg === this.client) {
      this.#clientEnding = 'lost'
      this.#front?.resetAfterDrain()
      this.#settleHello({ state: 'not_ours', code: 'client_gone' })
      this.#flight.look()
      this.#settleFirstData('client_gone')
      return
    }
    if (leg === this.#front) this.#frontEnds('lost')
  }

  #frontEnds(ending: 'end' | 'lost'): void {
    this.#frontEnding = ending
    this.#flight.look()
    if (this.#phase === 'hello') {
      const silent = ending === 'lost' && !this.#frontSpoke
      if (silent && this.#withoutFront && this.#hello.isAsked)
        return this.#wheel.schedule(this, this.#withoutFront.patience)
      this.#settleHello({ state: 'not_ours', code: silent ? 'front_down' : 'front_ended' })
    }
    if (this.#phase === 'first-data') this.#settleFirstData('front_ended')
  }

  onClosed(leg: Leg): void {
    if (leg === this.#front) this.#frontClosed = true
    if (--this.#openLegs > 0) return
    this.#needsNoFront()
    this.#fromClient.clear()
    this.#fromFront.clear()
    if (this.#phase !== 'left') this.#onOver()
  }

  #settleHello(result: HelloResult): void {
    if (this.#hello.tell(result)) this.#wheel.cancel(this)
  }

  #settleFirstData(code: 'junk' | 'client_end' | 'client_gone' | 'front_ended' | 'front_spoke'): void {
    this.#data.tell({ state: 'none', code })
  }
}
