import { Buffer } from 'node:buffer'

/** Big-endian u16 at `at`; the caller has checked that both bytes are there. */
export function u16At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/**
 * Reads a structure of length-prefixed fields, big-endian, from hostile bytes.
 *
 * A read past the end yields zeros and marks the whole structure, nested vectors included, as `broken`: the
 * reader states its layout without a check per field and asks once at the end. Nothing is copied; `take` gives views.
 */
export class Cursor {
  private readonly bytes: Buffer
  private at: number
  private readonly end: number
  private readonly root: Cursor
  private failed = false

  constructor(bytes: Buffer, at = 0, end = bytes.length, root?: Cursor) {
    this.bytes = bytes
    this.at = at
    this.end = end
    this.root = root ?? this
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.end - this.at
  }

  /** Whether this structure, or anything nested with it, contradicted its layout. */
  get broken(): boolean {
    return this.root.failed
  }

  u8(): number {
    return this.number(1)
  }

  u16(): number {
    return this.number(2)
  }

  u24(): number {
    return this.number(3)
  }

  take(length: number): Buffer {
    if (length > this.left) {
      this.fail()
      this.at = this.end
      return Buffer.alloc(0)
    }
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  rest(): Buffer {
    return this.take(this.left)
  }

  /** A vector whose length stands before it in one byte. */
  vector8(): Cursor {
    return this.vector(this.u8())
  }

  /** A vector whose length stands before it in two bytes. */
  vector16(): Cursor {
    return this.vector(this.u16())
  }

  /** A cursor over the next `length` bytes, which this one steps over. */
  vector(length: number): Cursor {
    const inside = Math.min(length, this.left)
    if (inside < length) this.fail()
    this.at += inside
    return new Cursor(this.bytes, this.at - inside, this.at, this.root)
  }

  /** Marks the structure as broken for a reason that only its reader knows. */
  fail(): void {
    this.root.failed = true
  }

  /** States that the structure ends here: bytes left over break it. */
  finish(): void {
    if (this.left > 0) this.fail()
  }

  private number(width: number): number {
    if (width > this.left) {
      this.fail()
      this.at = this.end
      return 0
    }
    let value = 0
    for (const end = this.at + width; this.at < end; this.at++) value = (value << 8) | this.bytes[this.at]!
    return value
  }
}
