const HEADER = 5
const APPLICATION_DATA = Buffer.from('170303', 'hex')

/** Takes the payload of records out and puts it into others of at most `largest` bytes. */
export class RecordCutter {
  readonly #largest: number
  #held: Buffer = Buffer.alloc(0)

  constructor(largest: number) {
    this.#largest = largest
  }

  /** What is whole so far, in records of the other size. */
  push(bytes: Uint8Array): Buffer {
    this.#held = Buffer.concat([this.#held, bytes])
    const payloads: Buffer[] = []
    let at = 0
    while (this.#held.length - at >= HEADER) {
      const end = at + HEADER + this.#held.readUInt16BE(at + 3)
      if (end > this.#held.length) break
      payloads.push(this.#held.subarray(at + HEADER, end))
      at = end
    }
    this.#held = this.#held.subarray(at)
    return this.#framed(Buffer.concat(payloads))
  }

  #framed(payload: Buffer): Buffer {
    const parts: Buffer[] = []
    for (let at = 0; at < payload.length; at += this.#largest) {
      const part = payload.subarray(at, at + this.#largest)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(part.length)
      parts.push(APPLICATION_DATA, length, part)
    }
    return Buffer.concat(parts)
  }
}
