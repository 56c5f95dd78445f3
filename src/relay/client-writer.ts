import type { Leg } from '../net/leg.ts'
import type { OutgoingBuffers } from '../net/outgoing.ts'

/** How a stream reaches a client: as TLS records, or as it is. */
export interface ClientWriter {
  /** At most one read's worth, which is copied. False: the client has not taken it all; its drain comes. */
  write(n: number, bytes: Uint8Array): boolean
  /** Sends what was kept back. */
  flush(): boolean
  /** The connection is gone: nothing is sent any more. */
  discard(): void
}

/** For clients without FakeTLS: the stream as it is. */
export class PlainWriter implements ClientWriter {
  readonly #client: Leg
  readonly #outgoing: OutgoingBuffers

  constructor(client: Leg, outgoing: OutgoingBuffers) {
    this.#client = client
    this.#outgoing = outgoing
  }

  write(n: number, bytes: Uint8Array): boolean {
    const out = this.#outgoing.take(n)
    out.set(n === bytes.length ? bytes : bytes.subarray(0, n))
    return this.#client.writePooled(out, n)
  }

  flush(): boolean {
    return true
  }

  discard(): void {}
}
