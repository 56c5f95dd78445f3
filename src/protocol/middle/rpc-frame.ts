import { Buffer } from 'node:buffer'
import type { Checksum } from './checksum.ts'

// The framing between a proxy and a middle proxy ("full"): u32 length of everything, i32 sequence number, payload, u32
// CRC of all before it; little-endian. Words that say "length 4" stand between frames as padding.

const LENGTH_SIZE = 4
const SEQUENCE_AT = 4
const PAYLOAD_AT = 8
const CRC_SIZE = 4
/** Length, sequence number and CRC. */
export const FRAME_OVERHEAD = PAYLOAD_AT + CRC_SIZE
/** The longest answer that TDLib takes is 4 MiB with a little more; nothing longer is worth memory. */
export const MAX_RPC_FRAME = 2 ** 22 + 4096
/** What is kept between frames: memory that is new for each part of a file costs more than all its ciphers. */
const MOST_IDLE = 2 ** 20
const PADDING_WORD = 4
/** AES-CBC takes whole blocks. */
export const BLOCK = 16

/** Sequence numbers: the nonce, the handshake, then from 0. */
export const NONCE_SEQUENCE = -2
export const HANDSHAKE_SEQUENCE = -1
export const FIRST_SEQUENCE = 0

/** One frame of the payload's parts, followed by padding words up to a multiple of `align` bytes. */
export function writeRpcFrame(
  sequence: number,
  parts: readonly Uint8Array[],
  checksum: Checksum,
  align: 4 | 16 = BLOCK,
): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, FRAME_OVERHEAD)
  const frame = Buffer.allocUnsafe(Math.ceil(length / align) * align)
  frame.writeUInt32LE(length, 0)
  frame.writeInt32LE(sequence, SEQUENCE_AT)
  let at = PAYLOAD_AT
  for (const part of parts) {
    frame.set(part, at)
    at += part.length
  }
  frame.writeUInt32LE(checksum(frame.subarray(0, at)), at)
  for (at += CRC_SIZE; at < frame.length; at += PADDING_WORD) frame.writeUInt32LE(PADDING_WORD, at)
  return frame
}

export type RpcFrameFault = 'bad_length' | 'bad_sequence' | 'bad_checksum'

/** `payload` is a view that is valid during the call only. False: no more of them now. */
export type OnRpcFrame = (payload: Buffer) => boolean

export interface RpcFrameReaderOptions {
  /** Of the first frame. */
  readonly sequence: number
  readonly checksum: Checksum
  /** Bytes of a frame. */
  readonly limit?: number
}

/** Cuts a decrypted stream into frames and checks their order and their CRC. A fault is final. */
export class RpcFrameReader {
  #checksum: Checksum
  readonly #limit: number
  #sequence: number
  #kept: Buffer = Buffer.alloc(0)
  #keptLength = 0
  #fault: RpcFrameFault | undefined

  constructor({ sequence, checksum, limit = MAX_RPC_FRAME }: RpcFrameReaderOptions) {
    this.#sequence = sequence
    this.#checksum = checksum
    this.#limit = limit
  }

  /** For the frames after the one that is being handled. */
  set checksum(checksum: Checksum) {
    this.#checksum = checksum
  }

  /** What was read and belongs to no frame yet: for a layer that begins behind the present frame. */
  takeRest(): Buffer {
    const rest = Buffer.from(this.#kept.subarray(0, this.#keptLength))
    this.#keptLength = 0
    return rest
  }

  read(bytes: Buffer, onFrame: OnRpcFrame): RpcFrameFault | undefined {
    const joined = this.#keptLength > 0
    if (joined) this.#keep(bytes)
    const all = joined ? this.#kept.subarray(0, this.#keptLength) : bytes
    const at = this.#readFrames(all, onFrame)
    if (!joined) {
      if (at < all.length) this.#keep(all.subarray(at))
    } else if (at > 0) {
      this.#kept.copyWithin(0, at, this.#keptLength)
      this.#keptLength -= at
    }
    if (this.#keptLength === 0 && this.#kept.length > MOST_IDLE) this.#kept = Buffer.alloc(0)
    return this.#fault
  }

  /** Returns how far it came. */
  #readFrames(all: Buffer, onFrame: OnRpcFrame): number {
    let at = 0
    while (this.#fault === undefined && all.length - at >= LENGTH_SIZE) {
      const length = all.readUInt32LE(at)
      if (length === PADDING_WORD) {
        at += PADDING_WORD
        continue
      }
      if (length < FRAME_OVERHEAD || length > this.#limit || length % 4 !== 0) {
        this.#fault = 'bad_length'
        break
      }
      if (all.length - at < length) break
      const frame = all.subarray(at, at + length)
      this.#fault = this.#check(frame)
      if (this.#fault !== undefined) break
      at += length
      // A connection of days wraps round.
      this.#sequence = (this.#sequence + 1) | 0
      if (!onFrame(frame.subarray(PAYLOAD_AT, length - CRC_SIZE))) break
    }
    return at
  }

  #check(frame: Buffer): RpcFrameFault | undefined {
    if (frame.readInt32LE(SEQUENCE_AT) !== this.#sequence) return 'bad_sequence'
    const crcAt = frame.length - CRC_SIZE
    return this.#checksum(frame.subarray(0, crcAt)) === frame.readUInt32LE(crcAt) ? undefined : 'bad_checksum'
  }

  #keep(bytes: Buffer): void {
    const length = this.#keptLength + bytes.length
    if (length > this.#kept.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#kept.length * 2))
      this.#kept.copy(grown, 0, 0, this.#keptLength)
      this.#kept = grown
    }
    bytes.copy(this.#kept, this.#keptLength)
    this.#keptLength = length
  }
}
