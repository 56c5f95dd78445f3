import type { Endpoint } from '../../net/endpoint.ts'
import { formatEndpoint } from '../../net/endpoint.ts'
import type { MiddleLink } from '../../relay/middle-link.ts'
import { Directory, type DirectoryOptions, type Road } from '../directory.ts'
import type { ProbeOutcome } from '../probe.ts'
import type { MiddleFailureDetail } from './failure.ts'
import type { OddCall } from './middle-connection.ts'
import type { MiddleKnowledge } from './middle-directory.ts'
import { MiddlePool, type MiddlePoolDependencies } from './middle-pool.ts'
import type { LinkOptions } from './shared-link.ts'
import type { LinkFailure } from './waiting-clients.ts'

/** Intervals of questions vary by so much of themselves. */
const JITTER = 0.6
/** Numbers above this are test centres: 10,000 and the number (TDLib ConnectionCreator.cpp). */
const FIRST_TEST_DC = 10_000

export interface MiddleProxiesOptions {
  readonly directory: Omit<DirectoryOptions, 'data_centres'>
  /** A client waits no longer for a connection, milliseconds. */
  readonly patience: number
  /** Between two questions of our own to each connection, about; milliseconds. Infinity: none. */
  readonly probe: number
}

export interface MiddleProxiesEvents {
  /** @param dc whose entry was used */
  connections(dc: number, change: 1 | -1): void
  ready(dc: number, milliseconds: number): void
  probed(dc: number, outcome: ProbeOutcome): void
  /** @param ready whether it had served clients */
  failed(dc: number, detail: MiddleFailureDetail | { failure: 'dial'; code: string }, ready: boolean): void
  odd(kind: OddCall): void
}

export type MiddleResult =
  | { readonly ok: true; readonly link: MiddleLink; readonly dc: number; readonly milliseconds: number }
  | { readonly ok: false; readonly failure: LinkFailure | 'no_entry' }

interface Entry {
  readonly pool: MiddlePool
  readonly dc: number
  /** What it was made of. */
  readonly key: string
  /** Milliseconds of the wheel. */
  probeAt: number
}

/** All middle proxies that one worker uses. */
export class MiddleProxies {
  #o: MiddleProxiesOptions
  readonly #d: MiddlePoolDependencies
  readonly #events: MiddleProxiesEvents
  /** By data centre and the upstreams that its clients must take. */
  readonly #entries = new Map<string, Entry>()
  /** Their clients stay until they go. */
  readonly #draining = new Set<MiddlePool>()
  #knowledge: MiddleKnowledge
  #directory: Directory

  constructor(
    options: MiddleProxiesOptions,
    knowledge: MiddleKnowledge,
    dependencies: MiddlePoolDependencies,
    events: MiddleProxiesEvents,
  ) {
    this.#o = options
    this.#d = dependencies
    this.#events = events
    this.#knowledge = knowledge
    this.#directory = this.#read(knowledge)
  }

  /** From now on these addresses and this secret: what has changed is drained, nothing else is touched. */
  apply(knowledge: MiddleKnowledge, options = this.#o): void {
    const isOtherProbe = options.probe !== this.#o.probe
    this.#o = options
    this.#knowledge = knowledge
    this.#directory = this.#read(knowledge)
    if (isOtherProbe) {
      const { now } = this.#d.wheel
      for (const entry of this.#entries.values()) entry.probeAt = now + this.#untilProbe(0, 1)
    }
    for (const [place, { pool, dc, key }] of this.#entries) {
      const road = this.#directory.road(dc)
      if (road?.dc === dc && this.#key(road.addresses) === key) continue
      this.#entries.delete(place)
      this.#draining.add(pool)
      pool.drain()
    }
  }

  /**
   * @param dc as the client wrote it
   * @param upstreams by which alone the client may go
   */
  async link(
    dc: number,
    upstreams: readonly string[] | undefined,
    options: LinkOptions,
  ): Promise<MiddleResult> {
    const road = this.#roadOf(dc)
    if (!road) return { ok: false, failure: 'no_entry' }
    const result = await this.#poolOf(road.dc, road.addresses, upstreams).link(options)
    return result.ok ? { ...result, dc: road.dc } : result
  }

  /** Once a second or so: what is not used any more is closed, who is due is asked a question. */
  sweep(): void {
    const { now } = this.#d.wheel
    for (const entry of this.#entries.values()) {
      entry.pool.sweep()
      if (now < entry.probeAt) continue
      entry.probeAt = now + this.#untilProbe(1 - JITTER / 2, JITTER)
      entry.pool.probe()
    }
    for (const pool of this.#draining) if (pool.sweep()) this.#draining.delete(pool)
  }

  #poolOf(dc: number, addresses: readonly Endpoint[], upstreams: readonly string[] | undefined): MiddlePool {
    const place = [dc, ...(upstreams ?? [])].join(' ')
    const known = this.#entries.get(place)
    if (known) return known.pool
    const { secret, publicAddresses } = this.#knowledge
    const { patience } = this.#o
    const options = { dc, addresses, upstreams, secret: Buffer.from(secret), publicAddresses, patience }
    const pool = new MiddlePool(options, this.#d, {
      connections: (change) => this.#events.connections(dc, change),
      ready: (milliseconds) => this.#events.ready(dc, milliseconds),
      probed: (outcome) => this.#events.probed(dc, outcome),
      failed: (detail, ready) => this.#events.failed(dc, detail, ready),
      odd: (kind) => this.#events.odd(kind),
    })
    const probeAt = this.#d.wheel.now + this.#untilProbe(0, 1)
    this.#entries.set(place, { pool, dc, key: this.#key(addresses), probeAt })
    return pool
  }

  /** So much of the interval, and by chance a part of so much more. */
  #untilProbe(least: number, more: number): number {
    const { random } = this.#d
    return this.#o.probe * (least + more * ((random(1)[0]! + 0.5) / 256))
  }

  /** The middle proxies of the default lead to data centres of production, and a test centre is none of them. */
  #roadOf(dc: number): Road | undefined {
    const road = this.#directory.road(dc)
    const isMisled = Math.abs(dc) > FIRST_TEST_DC && road !== undefined && Math.abs(road.dc) <= FIRST_TEST_DC
    return isMisled ? undefined : road
  }

  /** What the operator says of unknown centres goes before what the list says. */
  #read({ table, defaultDc }: MiddleKnowledge): Directory {
    const { directory } = this.#o
    const unknown = directory.unknown_dc === 'refuse' ? (defaultDc ?? 'refuse') : directory.unknown_dc
    return new Directory({ ...directory, unknown_dc: unknown, data_centres: table }, {})
  }

  #key(addresses: readonly Endpoint[]): string {
    const { secret, publicAddresses } = this.#knowledge
    return [Buffer.from(secret).toString('hex'), ...publicAddresses, ...addresses.map(formatEndpoint)].join(
      ' ',
    )
  }
}
