import { Buffer } from 'node:buffer'
import type { Transport } from '../obfuscated2.ts'

/** Most payload bytes that the long header of abridged can say, and far above what any client sends. */
export const MAX_FRAME = 2 ** 24

/** A length in words above this stands in three bytes behind it (abridged). */
const LONG_ABRIDGED = 0x7f
const ABRIDGED_QUICK_ACK = 0x80
const QUICK_ACK = 0x80000000
const LONG_HEADER = 4
/** What is set aside for a frame before its bytes come: a header alone costs its sender nothing. */
const FIRST_PART = 16 * 1024

export type FrameFault = 'frame_too_long'

/** `payload`: without the padding that is no whole word, valid during the call only. */
export type OnFrame = (payload: Buffer, quickAck: boolean) => void

/**
 * Cuts a client's decrypted stream into the frames of its transport, wherever the network split it. A fault is final.
 * Padding of whole words cannot be told from payload and stays at its end, as the official proxy does it.
 */
export class FrameReader {
  readonly #isAbridged: boolean
  readonly #limit: number
  readonly #header = Buffer.alloc(LONG_HEADER)
  #headerLength = 0
  #quickAck = false
  /** Payload bytes of the frame whose header is read; -1 while there is none. */
  #wanted = -1
  #part: Buffer = Buffer.alloc(0)
  #held = 0
  #fault: FrameFault | undefined

  /** @param limit payload bytes of a frame, padding included */
  constructor(transport: Transport, limit: number) {
    this.#isAbridged = transport === 'abridged'
    this.#limit = Math.min(limit, MAX_FRAME)
  }

  /** Bytes kept of a frame that is not whole. */
  get held(): number {
    return this.#headerLength + this.#held
  }

  read(bytes: Buffer, onFrame: OnFrame): FrameFault | undefined {
    let at = 0
    while (this.#fault === undefined && at < bytes.length) {
      if (this.#wanted < 0) this.#readHeaderByte(bytes[at++]!)
      // A frame of nothing is whole with its header.
      if (this.#wanted >= 0) at = this.#readPayload(bytes, at, onFrame)
    }
    return this.#fault
  }

  #readHeaderByte(byte: number): void {
    this.#header[this.#headerLength++] = byte
    if (this.#isAbridged) this.#readAbridgedHeader()
    else if (this.#headerLength === LONG_HEADER) {
      const word = this.#header.readUInt32LE(0)
      this.#begin(word % QUICK_ACK, word >= QUICK_ACK)
    }
  }

  #readAbridgedHeader(): void {
    const first = this.#header[0]!
    const quickAck = first >= ABRIDGED_QUICK_ACK
    const words = first % ABRIDGED_QUICK_ACK
    if (words !== LONG_ABRIDGED) this.#begin(words * 4, quickAck)
    else if (this.#headerLength === LONG_HEADER) this.#begin(this.#header.readUIntLE(1, 3) * 4, quickAck)
  }

  #begin(length: number, quickAck: boolean): void {
    this.#headerLength = 0
    if (length > this.#limit) {
      this.#fault = 'frame_too_long'
      return
    }
    this.#wanted = length
    this.#quickAck = quickAck
  }

  #readPayload(bytes: Buffer, at: number, onFrame: OnFrame): number {
    const end = at + this.#wanted - this.#held
    if (this.#held === 0 && end <= bytes.length) {
      this.#finish(bytes.subarray(at, end), onFrame)
      return end
    }
    const to = Math.min(end, bytes.length)
    this.#keep(bytes, at, to)
    if (this.#held === this.#wanted) this.#finish(this.#part.subarray(0, this.#held), onFrame)
    return to
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const held = this.#held + to - from
    if (held > this.#part.length) {
      const room = Math.min(this.#wanted, Math.max(held, this.#part.length * 2, FIRST_PART))
      const grown = Buffer.allocUnsafeSlow(room)
      this.#part.copy(grown, 0, 0, this.#held)
      this.#part = grown
    }
    bytes.copy(this.#part, this.#held, from, to)
    this.#held = held
  }

  #finish(frame: Buffer, onFrame: OnFrame): void {
    this.#wanted = -1
    this.#held = 0
    if (this.#part.length > FIRST_PART) this.#part = Buffer.alloc(0)
    onFrame(frame.subarray(0, frame.length - (frame.length % 4)), this.#quickAck)
  }
}
