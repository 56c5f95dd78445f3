import { randomBytes, randomInt } from 'node:crypto'

/** The three transports of MTProto that run inside obfuscated2. */
export type Framing = 'abridged' | 'intermediate' | 'padded'

export class FrameError extends Error {
  readonly code = 'frame_too_long'
}

/** No client of Telegram sends more; parts of files are 512 KiB. */
export const MAX_FRAME = 2 ** 24

interface Header {
  readonly size: number
  readonly length: number
}

function readHeader(framing: Framing, bytes: Buffer): Header | undefined {
  if (framing === 'abridged') {
    const words = bytes.readUInt8(0) & 0x7f
    if (words !== 0x7f) return { size: 1, length: words * 4 }
    return bytes.length < 4 ? undefined : { size: 4, length: bytes.readUIntLE(1, 3) * 4 }
  }
  // Bit 31 asks for a quick ack, which a data centre may leave out.
  return bytes.length < 4 ? undefined : { size: 4, length: bytes.readUInt32LE(0) & 0x7fffffff }
}

/** Cuts a decrypted stream into frames, wherever TCP split it. Padding stays at the end of the frame. */
export class FrameReader {
  readonly #framing: Framing
  #parts: Buffer[] = []
  #held = 0
  #wanted = 1

  constructor(framing: Framing) {
    this.#framing = framing
  }

  *push(bytes: Buffer): Generator<Buffer> {
    this.#parts.push(bytes)
    this.#held += bytes.length
    while (this.#held >= this.#wanted) {
      const next = this.#take()
      if (!next) return
      yield next
    }
  }

  /** What has arrived and belongs to no frame that was handed out. */
  remainder(): Buffer {
    const rest = Buffer.concat(this.#parts)
    this.#hold(Buffer.alloc(0))
    return rest
  }

  #take(): Buffer | undefined {
    const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    this.#hold(all)
    const header = readHeader(this.#framing, all)
    if (!header) {
      this.#wanted = 4
      return undefined
    }
    if (header.length > MAX_FRAME) throw new FrameError(`${header.length} bytes`)
    const end = header.size + header.length
    if (all.length < end) {
      this.#wanted = end
      return undefined
    }
    this.#hold(all.subarray(end))
    return all.subarray(header.size, end)
  }

  #hold(bytes: Buffer): void {
    this.#parts = [bytes]
    this.#held = bytes.length
    this.#wanted = 1
  }
}

/** One message as a frame; `payload` must be a multiple of 4 bytes long. */
export function frame(framing: Framing, payload: Buffer): Buffer {
  if (framing === 'abridged') return Buffer.concat([abridgedHeader(payload.length / 4), payload])
  const padding = framing === 'padded' ? randomBytes(randomInt(16)) : Buffer.alloc(0)
  // Clients read a padded message below 16 bytes as an error code, and only with 11 bytes of padding at most.
  const kept = payload.length < 16 ? padding.subarray(0, 4) : padding
  const header = Buffer.allocUnsafe(4)
  header.writeUInt32LE(payload.length + kept.length)
  return Buffer.concat([header, payload, kept])
}

function abridgedHeader(words: number): Buffer {
  if (words < 0x7f) return Buffer.from([words])
  const header = Buffer.alloc(4, 0x7f)
  header.writeUIntLE(words, 1, 3)
  return header
}
