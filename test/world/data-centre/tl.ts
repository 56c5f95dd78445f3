/** The primitives of TL (https://core.telegram.org/mtproto/serialize), as far as a data centre needs them. */

export class TlError extends Error {
  readonly code = 'tl_too_short'
}

const LONG_LENGTH_MARK = 254

export class TlReader {
  readonly #buffer: Buffer
  #at: number

  constructor(buffer: Buffer, at = 0) {
    this.#buffer = buffer
    this.#at = at
  }

  get remaining(): number {
    return this.#buffer.length - this.#at
  }

  raw(length: number): Buffer {
    if (length > this.remaining) throw new TlError(`${length} bytes wanted, ${this.remaining} left`)
    this.#at += length
    return this.#buffer.subarray(this.#at - length, this.#at)
  }

  rest(): Buffer {
    return this.raw(this.remaining)
  }

  u32(): number {
    return this.raw(4).readUInt32LE(0)
  }

  i32(): number {
    return this.raw(4).readInt32LE(0)
  }

  u64(): bigint {
    return this.raw(8).readBigUInt64LE(0)
  }

  bytes(): Buffer {
    const first = this.raw(1).readUInt8(0)
    const length = first < LONG_LENGTH_MARK ? first : this.raw(3).readUIntLE(0, 3)
    const value = this.raw(length)
    const header = first < LONG_LENGTH_MARK ? 1 : 4
    this.raw(-(header + length) & 3)
    return value
  }

  string(): string {
    return this.bytes().toString('utf8')
  }

  /** `Vector long`, boxed. */
  longs(): bigint[] {
    this.u32()
    return Array.from({ length: this.u32() }, () => this.u64())
  }
}

export class TlWriter {
  readonly #parts: Buffer[] = []

  raw(bytes: Uint8Array): this {
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    return this
  }

  u32(...values: number[]): this {
    const part = Buffer.allocUnsafe(4 * values.length)
    values.forEach((value, index) => {
      part.writeUInt32LE(value >>> 0, 4 * index)
    })
    return this.raw(part)
  }

  u64(value: bigint): this {
    const part = Buffer.allocUnsafe(8)
    part.writeBigUInt64LE(BigInt.asUintN(64, value))
    return this.raw(part)
  }

  bytes(value: Uint8Array): this {
    const header = value.length < LONG_LENGTH_MARK ? Buffer.from([value.length]) : Buffer.alloc(4, 0xfe)
    if (header.length === 4) header.writeUIntLE(value.length, 1, 3)
    return this.raw(header)
      .raw(value)
      .raw(Buffer.alloc(-(header.length + value.length) & 3))
  }

  string(value: string): this {
    return this.bytes(Buffer.from(value))
  }

  done(): Buffer {
    return Buffer.concat(this.#parts)
  }
}
