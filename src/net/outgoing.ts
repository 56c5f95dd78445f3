import { READ_BUFFER_SIZE } from './static-read.ts'

/** Room for one whole read with a record header before each full record. */
const LARGEST = READ_BUFFER_SIZE + 1024
const CLASSES: readonly number[] = [16 * 1024 + 512, 64 * 1024 + 512, LARGEST]

/** What stalled readers may hold in one thread before the read window shrinks, in bytes. */
export const HELD_BUDGET = 16 * 1024 * 1024

/**
 * Outgoing buffers of one thread. A write copies into one of them, because the shared read buffer is overwritten by the next
 * read; while the kernel has not taken all of it, the buffer belongs to that connection. The more is held, the smaller the
 * read window and with it the next buffer held: thirty stalled connections reach half the budget, a thousand 1.6 times it.
 */
export class OutgoingBuffers {
  /** Bytes that stalled connections hold now. */
  held = 0
  readonly #free: Buffer[][] = CLASSES.map(() => [])
  readonly #shared: Buffer
  readonly #medium: Buffer
  readonly #small: Buffer

  constructor(shared: Buffer) {
    this.#shared = shared
    this.#medium = shared.subarray(0, 64 * 1024)
    this.#small = shared.subarray(0, 16 * 1024)
  }

  /** A buffer of at least `size` bytes. @throws RangeError above one framed read: no caller has more. */
  take(size: number): Buffer {
    for (let index = 0; index < CLASSES.length; index++) {
      const capacity = CLASSES[index]!
      if (size <= capacity) return this.#free[index]!.pop() ?? Buffer.allocUnsafeSlow(capacity)
    }
    throw new RangeError(`outgoing buffer of ${size} bytes asked for`)
  }

  give(buffer: Buffer): void {
    const index = CLASSES.indexOf(buffer.length)
    const free = this.#free[index]
    // A burst of stalls must not leave its buffers behind for ever.
    if (free && free.length < 4) free.push(buffer)
  }

  /** The kernel did not take it all: the buffer is its connection's until `release`. */
  hold(buffer: Buffer): void {
    this.held += buffer.length
  }

  release(buffer: Buffer): void {
    this.held -= buffer.length
    this.give(buffer)
  }

  /** The same for a stream whose reads are limited to so many bytes. */
  windowOf(bytes: number): Buffer {
    const window = this.window()
    return bytes < window.length ? window.subarray(0, Math.max(1, bytes)) : window
  }

  /** The part of the shared read buffer that the next read of a relayed stream may fill. */
  readonly window = (): Buffer => {
    if (this.held < HELD_BUDGET / 2) return this.#shared
    return this.held < (HELD_BUDGET * 3) / 4 ? this.#medium : this.#small
  }
}
