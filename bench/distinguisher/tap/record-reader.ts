const HEADER = 5

export interface Header {
  readonly type: number
  readonly version: number
  readonly length: number
}

/** Finds the record headers of one direction, wherever reads cut it. What is not TLS is reported once and then passed over. */
export class RecordReader {
  readonly #header = new Uint8Array(HEADER)
  #have = 0
  #left = 0
  #broken = false

  /** The records whose last byte is in these bytes. */
  push(bytes: Uint8Array): Header[] {
    const ended: Header[] = []
    for (let at = 0; at < bytes.length && !this.#broken; ) {
      if (this.#have < HEADER) {
        this.#header[this.#have++] = bytes[at++]!
        if (this.#have < HEADER) continue
        this.#left = (this.#header[3]! << 8) | this.#header[4]!
        this.#broken = this.#header[0]! < 0x14 || this.#header[0]! > 0x18
      }
      const part = Math.min(this.#left, bytes.length - at)
      this.#left -= part
      at += part
      if (this.#left === 0 || this.#broken) ended.push(this.#end())
    }
    return ended
  }

  #end(): Header {
    const [type, major, minor, high, low] = this.#header as unknown as [
      number,
      number,
      number,
      number,
      number,
    ]
    this.#have = 0
    return { type, version: (major << 8) | minor, length: (high << 8) | low }
  }
}
