import type { Cipheriv } from 'node:crypto'
import type { Leg } from '../net/leg.ts'
import { READ_BUFFER_SIZE } from '../net/static-read.ts'
import type { FrameEnds } from '../protocol/transport/frame-writer.ts'
import type { ClientWriter } from './client-writer.ts'
import type { RelayMeter } from './relay.ts'
import { WaitingAnswers, type WaitingBudget } from './waiting-answers.ts'

export interface AnswerFlowOptions {
  readonly client: Leg
  readonly writer: ClientWriter
  /** Towards the client, from its start. */
  readonly cipher: Cipheriv
  readonly budget: WaitingBudget
}

/** From a shared connection to one client, as fast as the client takes it: what it does not take now waits here. */
export class AnswerFlow {
  meter: RelayMeter | undefined
  readonly #client: Leg
  readonly #writer: ClientWriter
  readonly #cipher: Cipheriv
  readonly #waiting: WaitingAnswers
  /** The client's rate allows no more now. */
  #held = false

  constructor({ client, writer, cipher, budget }: AnswerFlowOptions) {
    this.#client = client
    this.#writer = writer
    this.#cipher = cipher
    this.#waiting = new WaitingAnswers(budget)
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Encrypted here, so in the order of calls. */
  push(plain: Buffer): void {
    this.#waiting.push(this.#cipher.update(plain))
  }

  /** A message with what its frame has before and behind it, in pieces of one write each: none is copied to be cut again. */
  pushFrame({ header, padding }: FrameEnds, message: Buffer): void {
    const first = message.subarray(0, READ_BUFFER_SIZE - header.length)
    const hasMore = first.length < message.length
    this.push(Buffer.concat(hasMore ? [header, first] : [header, first, padding]))
    for (let at = first.length; at < message.length; at += READ_BUFFER_SIZE) {
      this.push(message.subarray(at, at + READ_BUFFER_SIZE))
    }
    if (hasMore && padding.length > 0) this.push(padding)
  }

  /** The rate allows more. */
  proceed(): void {
    this.#held = false
  }

  /**
   * Writes what waits, as long as the client takes it.
   * @param wrote is told of each write, in bytes
   * @returns over: the client's quota is used up
   */
  pump(wrote: (bytes: number) => void): 'on' | 'over' {
    while (this.#waiting.length > 0 && !this.#held && this.#client.drained) {
      const room = Math.max(1, Math.min(READ_BUFFER_SIZE, this.meter?.window('down') ?? READ_BUFFER_SIZE))
      const part = this.#waiting.take(room)
      const toll = this.meter?.take('down', part.length) ?? 'go'
      if (toll === 'over') return 'over'
      this.#held = toll === 'wait'
      wrote(part.length)
      this.#writer.write(part.length, part)
      if (toll === 'last') return 'over'
    }
    return 'on'
  }

  flush(): void {
    this.#writer.flush()
  }

  discard(): void {
    this.#writer.discard()
    this.#waiting.clear()
  }
}
