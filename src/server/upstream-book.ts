import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/schema.ts'
import type { Collector } from '../telemetry/prometheus.ts'
import { type Change, NO_CHANGE } from './change.ts'
import { upstreamCounterBytes, upstreamCounters, upstreamMetrics, upstreamNames } from './ways-out.ts'

type Configured = Pick<Config, 'upstream'>

/** The counters of the ways out; others have others, from nothing on. */
export class UpstreamBook {
  readonly #rows: number
  #config: Configured = { upstream: [] }
  #memory = new SharedArrayBuffer(0)

  /** @param rows workers + 1 */
  constructor(rows: number) {
    this.#rows = rows
  }

  get memory(): SharedArrayBuffer {
    return this.#memory
  }

  get metrics(): Collector[] {
    const counters = upstreamCounters(this.#memory, this.#config, this.#rows)
    return upstreamMetrics(upstreamNames(this.#config), counters)
  }

  prepare(config: Configured): Change & { readonly upstreams?: SharedArrayBuffer } {
    const isSame = isDeepStrictEqual(upstreamNames(config), upstreamNames(this.#config))
    if (isSame && this.#memory.byteLength > 0) return NO_CHANGE
    const upstreams = new SharedArrayBuffer(upstreamCounterBytes(config, this.#rows))
    return {
      upstreams,
      commit: () => {
        this.#config = config
        this.#memory = upstreams
      },
      discard: () => {},
    }
  }
}
