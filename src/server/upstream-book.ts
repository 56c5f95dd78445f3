import type { Config } from '../config/schema.ts'
import type { Collector } from '../telemetry/prometheus.ts'
import { type Change, NO_CHANGE } from './change.ts'
import { upstreamCounterBytes, upstreamCounters, upstreamMetrics, upstreamNames } from './ways-out.ts'

type Configured = Pick<Config, 'upstream'>

/** The counters of the ways out, as every thread is told of them. */
export interface UpstreamPlaces {
  readonly memory: SharedArrayBuffer
  /** Names by place. */
  readonly places: readonly string[]
}

/** Every way out that this run has known has a place, so that its counters go on from where they were. */
export class UpstreamBook {
  readonly #rows: number
  readonly #memory: SharedArrayBuffer
  readonly #most: number
  #places: readonly string[] = []
  #names: readonly string[] = []

  /** @param rows workers + 1 */
  constructor(rows: number) {
    this.#rows = rows
    const { bytes, most } = upstreamCounterBytes(rows)
    this.#memory = new SharedArrayBuffer(bytes)
    this.#most = most
  }

  get current(): UpstreamPlaces {
    return { memory: this.#memory, places: this.#places }
  }

  get metrics(): Collector[] {
    const shown = this.#names.map((name) => ({ name, place: this.#places.indexOf(name) }))
    return upstreamMetrics(shown, upstreamCounters(this.#memory, this.#rows))
  }

  prepare(config: Configured): Change & { readonly upstreams?: UpstreamPlaces } {
    const names = upstreamNames(config)
    const places = this.#withPlaces(names)
    if (places === this.#places) return { ...NO_CHANGE, commit: () => this.#show(names) }
    return {
      upstreams: { memory: this.#memory, places },
      commit: () => {
        this.#places = places
        this.#show(names)
      },
      discard: () => {},
    }
  }

  #show(names: readonly string[]): void {
    this.#names = names
  }

  /** New ones behind the others; where there is no room any more they take the places of those that are gone, counts and all. */
  #withPlaces(names: readonly string[]): readonly string[] {
    const fresh = names.filter((name) => !this.#places.includes(name))
    if (fresh.length === 0) return this.#places
    const places = [...this.#places]
    for (const name of fresh) {
      const free = places.findIndex((each) => !names.includes(each))
      if (places.length < this.#most) places.push(name)
      else places[free] = name
    }
    return places
  }
}
