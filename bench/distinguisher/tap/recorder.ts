import { type Flow, KEPT_BYTES, KEPT_EVENTS, type ReadSeen, type RecordSeen, type Side } from './flow.ts'
import { RecordReader } from './record-reader.ts'

class Head {
  readonly #kept = new Uint8Array(KEPT_BYTES)
  readonly reader = new RecordReader()
  total = 0

  take(bytes: Uint8Array): void {
    const room = KEPT_BYTES - this.total
    if (room > 0) this.#kept.set(bytes.subarray(0, room), this.total)
    this.total += bytes.length
  }

  get bytes(): Uint8Array {
    return this.#kept.slice(0, Math.min(this.total, KEPT_BYTES))
  }
}

/** Writes one flow down. Times are of the clock that is handed in, in milliseconds. */
export class Recorder {
  readonly #reads: ReadSeen[] = []
  readonly #records: RecordSeen[] = []
  readonly #heads = { client: new Head(), server: new Head() }
  readonly #now: () => number
  readonly #began: number
  #end: { end: Flow['end']; endAt: number } | undefined

  constructor(now: () => number) {
    this.#now = now
    this.#began = now()
  }

  read(from: Side, bytes: Uint8Array): void {
    const at = this.#now() - this.#began
    const head = this.#heads[from]
    head.take(bytes)
    if (this.#reads.length < KEPT_EVENTS) this.#reads.push({ from, at, bytes: bytes.length })
    for (const header of head.reader.push(bytes)) {
      if (this.#records.length < KEPT_EVENTS) this.#records.push({ from, at, ...header })
    }
  }

  ended(from: Side, how: 'fin' | 'reset'): void {
    this.#end ??= { end: `${from} ${how}`, endAt: this.#now() - this.#began }
  }

  flow(clientPort: number): Flow {
    const { client, server } = this.#heads
    return {
      clientPort,
      reads: this.#reads,
      records: this.#records,
      client: client.bytes,
      server: server.bytes,
      clientBytes: client.total,
      serverBytes: server.total,
      ...(this.#end ?? { end: 'client reset', endAt: this.#now() - this.#began }),
    }
  }
}
