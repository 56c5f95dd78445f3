import type { Endpoint } from '../net/endpoint.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Road } from './directory.ts'
import type { ProbeOutcome } from './probe.ts'
import { type Way, wayKey } from './roads.ts'

/** A data centre that no session has gone to for so long is not in use, milliseconds. */
const IN_USE = 3_600_000
const MOST_AT_ONCE = 4
/** Intervals vary by so much of themselves, so that nobody sees a beat. */
const JITTER = 0.6

export interface ProbesOptions {
  /** Between two questions over the same way, about; milliseconds. */
  readonly interval: number
}

export interface ProbesDependencies {
  ways(addresses: readonly Endpoint[], names: readonly string[] | undefined): readonly Way[]
  ask(dc: number, way: Way): Promise<ProbeOutcome>
  told(dc: number, upstream: Upstream, outcome: ProbeOutcome): void
  /** From 0 up to 1. */
  random(): number
  /** Milliseconds, monotonic. */
  now(): number
  /** True while descriptors are scarce: then nobody is asked. */
  isScarce(): boolean
}

interface Used {
  road: Road
  readonly names: readonly string[] | undefined
  askedAt: number
  /** When each way is due. */
  readonly plan: Map<string, number>
}

/** Asks every data centre in use, by every way that its sessions may take, a question of our own now and then. */
export class Probes {
  readonly #interval: number
  readonly #d: ProbesDependencies
  /** By data centre and the upstreams that its sessions must take. */
  readonly #used = new Map<string, Used>()
  #running = 0
  #closed = false

  constructor({ interval }: ProbesOptions, dependencies: ProbesDependencies) {
    this.#interval = interval
    this.#d = dependencies
  }

  /** A session goes there now. */
  asked(road: Road, names: readonly string[] | undefined): void {
    const place = names ? `${road.dc} ${names.join(' ')}` : String(road.dc)
    const known = this.#used.get(place)
    if (known) {
      known.road = road
      known.askedAt = this.#d.now()
    } else this.#used.set(place, { road, names, askedAt: this.#d.now(), plan: new Map() })
  }

  /** Once a second or so: asks whoever is due. */
  readonly tend = (): void => {
    const now = this.#d.now()
    for (const [place, used] of this.#used) {
      if (now - used.askedAt >= IN_USE) this.#used.delete(place)
      else for (const way of this.#d.ways(used.road.addresses, used.names)) this.#tendWay(used, way, now)
    }
  }

  close(): void {
    this.#closed = true
    this.#used.clear()
  }

  #tendWay({ road, plan }: Used, way: Way, now: number): void {
    const key = wayKey(way)
    const due = plan.get(key)
    if (due === undefined) plan.set(key, now + this.#interval * this.#d.random())
    else if (due <= now && this.#running < MOST_AT_ONCE && !this.#d.isScarce()) {
      plan.set(key, now + this.#interval * (1 - JITTER / 2 + JITTER * this.#d.random()))
      void this.#ask(road.dc, way)
    }
  }

  async #ask(dc: number, way: Way): Promise<void> {
    this.#running++
    try {
      const outcome = await this.#d.ask(dc, way)
      if (!this.#closed) this.#d.told(dc, way.upstream, outcome)
    } finally {
      this.#running--
    }
  }
}
