import type { Leg } from '../net/leg.ts'
import { FULL_RECORD, framedSize, frameRecords, MIN_RECORD } from '../protocol/tls/record.ts'
import type { ClientWriter } from './client-writer.ts'
import type { RecordWriter } from './record-writer.ts'

/** Content type and AEAD tag of a record. */
const OVERHEAD = MIN_RECORD - 1

/**
 * Writes the first records of a session as those of a site whose records grow: the n-th has at most n steps of plaintext. When they
 * have grown full, the usual writer goes on.
 */
export class RampedWriter implements ClientWriter {
  readonly #client: Leg
  readonly #usual: RecordWriter
  readonly #step: number
  #largest: number

  /** @param step plaintext bytes by which the records grow */
  constructor(client: Leg, usual: RecordWriter, step: number) {
    this.#client = client
    this.#usual = usual
    this.#step = step
    this.#largest = OVERHEAD + step
  }

  write(n: number, bytes: Uint8Array): boolean {
    if (this.#largest >= FULL_RECORD) return this.#usual.write(n, bytes)
    const all = Buffer.concat([this.#usual.takeRest(), bytes.subarray(0, n)])
    const out = Buffer.allocUnsafeSlow(framedSize(all.length, Math.min(this.#largest, FULL_RECORD)))
    let [from, at] = [0, 0]
    while (all.length - from >= MIN_RECORD) {
      const size = Math.min(all.length - from, this.#largest, FULL_RECORD)
      at = frameRecords(out, at, all, from, size)
      from += size
      this.#largest += this.#step
    }
    // Too short for a record: it waits there.
    if (from < all.length) this.#usual.write(all.length - from, all.subarray(from))
    return at === 0 || this.#client.write(out.subarray(0, at))
  }

  flush(): boolean {
    return this.#usual.flush()
  }

  discard(): void {
    this.#usual.discard()
  }
}
