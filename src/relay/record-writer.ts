import type { Leg } from '../net/leg.ts'
import type { OutgoingBuffers } from '../net/outgoing.ts'
import type { Deadline, Wheel } from '../net/wheel.ts'
import { FULL_RECORD, framedSize, frameRecords, MIN_RECORD } from '../protocol/tls/record.ts'

/** How long a rest too short for a record waits for the bytes after it. */
const REST_WAIT = 50

/**
 * Writes a stream to a client as TLS records: one read in, one write out. A rest shorter than any TLS stack's smallest
 * record waits for the bytes after it; when none come it goes out as it is, because data may not be withheld.
 */
export class RecordWriter implements Deadline {
  dueTick = 0
  readonly #client: Leg
  readonly #outgoing: OutgoingBuffers
  readonly #wheel: Wheel
  /** Payload of a full record. */
  readonly #full: number
  #rest: Buffer | undefined
  #restLength = 0

  constructor(client: Leg, outgoing: OutgoingBuffers, wheel: Wheel, full = FULL_RECORD) {
    this.#client = client
    this.#outgoing = outgoing
    this.#wheel = wheel
    this.#full = full
  }

  /** False: the client has not taken it all; its drain comes. */
  write(n: number, bytes: Uint8Array): boolean {
    const total = this.#restLength + n
    const overhang = total % this.#full
    const rest = overhang > 0 && overhang < MIN_RECORD ? overhang : 0
    if (rest === total) {
      this.#keep(bytes, 0, n)
      return true
    }
    const out = this.#outgoing.take(framedSize(total, this.#full))
    const length =
      this.#restLength > 0
        ? this.#frameBehindRest(out, bytes, n - rest)
        : frameRecords(out, 0, bytes, 0, n - rest, this.#full)
    if (rest > 0) this.#keep(bytes, n - rest, n)
    return this.#client.writePooled(out, length)
  }

  /** The first record begins with what was kept. Returns the bytes written to `out`. */
  #frameBehindRest(out: Buffer, bytes: Uint8Array, n: number): number {
    const kept = this.#restLength
    const first = Math.min(n, this.#full - kept)
    // Framed as if the kept bytes stood before the others: the header of the whole, then both parts.
    const end = frameRecords(out, kept, bytes, 0, first)
    const length = kept + first
    out.copyWithin(0, kept, kept + 3)
    out[3] = length >> 8
    out[4] = length & 0xff
    this.#rest!.copy(out, 5, 0, kept)
    this.#restLength = 0
    this.#wheel.cancel(this)
    return n > first ? frameRecords(out, end, bytes, first, n - first, this.#full) : end
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    this.#rest ??= Buffer.allocUnsafeSlow(MIN_RECORD)
    this.#rest.set(bytes.subarray(from, to), this.#restLength)
    this.#restLength += to - from
    this.#wheel.schedule(this, REST_WAIT)
  }

  expire(): void {
    this.flush()
  }

  /** Sends what was kept, at the end of the stream or of the wait. */
  flush(): boolean {
    if (this.#restLength === 0) return true
    const out = Buffer.allocUnsafe(framedSize(this.#restLength))
    frameRecords(out, 0, this.#rest!, 0, this.#restLength)
    this.#restLength = 0
    this.#wheel.cancel(this)
    return this.#client.write(out)
  }

  /** What was kept is the caller's to send. */
  takeRest(): Buffer {
    const rest = Buffer.from(this.#rest?.subarray(0, this.#restLength) ?? [])
    this.discard()
    return rest
  }

  /** The connection is gone: nothing is sent any more. */
  discard(): void {
    this.#restLength = 0
    this.#wheel.cancel(this)
  }
}
