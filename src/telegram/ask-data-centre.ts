import type { Cipheriv } from 'node:crypto'
import { dialFailure } from '../net/dial.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import type { Deadline, Wheel } from '../net/wheel.ts'
import { makeDataCentreInit, openedCipher } from '../protocol/obfuscated2.ts'
import { isResPq, PQ_NONCE_SIZE, writeReqPq } from '../protocol/req-pq.ts'
import { FrameReader } from '../protocol/transport/frame-reader.ts'
import { writeFrame } from '../protocol/transport/frame-writer.ts'
import { ANSWER_LIMIT, type ProbeOutcome, type ProbeResult } from './probe.ts'

/** As most clients speak. */
const TRANSPORT = 'padded'
/** resPQ has about a hundred bytes. */
const LONGEST_ANSWER = 4096
const KEY_SIZE = 32
const IV_SIZE = 16

export interface AskDependencies {
  readonly wheel: Wheel
  random(n: number): Buffer
  /** Milliseconds, monotonic and fine. */
  now(): number
  unixMilliseconds(): number
}

/** Asks a data centre req_pq over a leg that is connected, and leaves. */
export function askDataCentre(leg: Leg, dc: number, dependencies: AskDependencies): Promise<ProbeOutcome> {
  return new Promise((resolve) => new Question(leg, dc, dependencies, resolve).begin())
}

class Question implements LegHandler, Deadline {
  dueTick = 0
  readonly #leg: Leg
  readonly #dc: number
  readonly #d: AskDependencies
  readonly #resolve: (outcome: ProbeOutcome) => void
  readonly #nonce: Buffer
  readonly #frames = new FrameReader(TRANSPORT, LONGEST_ANSWER)
  readonly #opener: Cipheriv
  readonly #toClient: { readonly key: Buffer; readonly iv: Buffer }
  #began = 0
  #over = false

  constructor(leg: Leg, dc: number, dependencies: AskDependencies, resolve: (outcome: ProbeOutcome) => void) {
    this.#leg = leg
    this.#dc = dc
    this.#d = dependencies
    this.#resolve = resolve
    const { random } = dependencies
    this.#nonce = Buffer.from(random(PQ_NONCE_SIZE))
    this.#toClient = { key: Buffer.from(random(KEY_SIZE)), iv: Buffer.from(random(IV_SIZE)) }
    this.#opener = openedCipher(this.#toClient)
  }

  begin(): void {
    const { random, now, unixMilliseconds, wheel } = this.#d
    const dc = this.#dc
    const { wire, cipher } = makeDataCentreInit(
      { transport: TRANSPORT, dc, toClient: this.#toClient },
      random,
    )
    const question = writeFrame(TRANSPORT, writeReqPq(this.#nonce, unixMilliseconds()), random)
    this.#leg.handler = this
    this.#began = now()
    wheel.schedule(this, ANSWER_LIMIT)
    this.#leg.write(Buffer.concat([wire, cipher.update(question)]))
    this.#leg.resume()
  }

  onBytes(_leg: Leg, n: number, bytes: Uint8Array): boolean {
    // Counter mode opens as it seals.
    const fault = this.#frames.read(this.#opener.update(bytes.subarray(0, n)), (message) =>
      this.#finish(isResPq(message, this.#nonce) ? 'ok' : 'wrong_answer'),
    )
    if (fault) this.#finish('wrong_answer')
    return !this.#over
  }

  onDrain(): void {}

  onEnd(): void {
    this.#finish('closed')
  }

  onLost(leg: Leg): void {
    this.#finish(dialFailure(leg.failure))
  }

  onClosed(): void {
    this.#finish('closed')
  }

  expire(): void {
    this.#finish('no_answer')
  }

  #finish(result: ProbeResult): void {
    if (this.#over) return
    this.#over = true
    this.#d.wheel.cancel(this)
    this.#leg.destroy()
    this.#resolve({ result, milliseconds: this.#d.now() - this.#began })
  }
}
