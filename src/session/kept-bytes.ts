const EMPTY = Buffer.alloc(0)

/** Bytes kept while they are being recognised: a buffer that grows by doubling, up to a limit that its owner checks. */
export class KeptBytes {
  length = 0
  #buffer = EMPTY

  append(n: number, bytes: Uint8Array): void {
    const needed = this.length + n
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2, 2048))
      this.#buffer.copy(grown, 0, 0, this.length)
      this.#buffer = grown
    }
    this.#buffer.set(n === bytes.length ? bytes : bytes.subarray(0, n), this.length)
    this.length = needed
  }

  /** A view; valid until the next append. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length)
  }

  clear(): void {
    this.length = 0
    this.#buffer = EMPTY
  }
}
