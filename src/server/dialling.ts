import { isOfThisHost, type Site } from '../front/site.ts'
import { AwaitedLeg } from '../net/awaited-leg.ts'
import { dial, dialFailure } from '../net/dial.ts'
import type { Names } from '../net/dns/names.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import type { SocketLeg } from '../net/socket-leg.ts'
import type { ProxyRoute } from '../protocol/proxy-header/proxy-header.ts'
import { writeProxyHeader } from '../protocol/proxy-header/write-proxy-header.ts'
import { askDataCentre } from '../telegram/ask-data-centre.ts'
import type { AttemptOutcome, DialResult } from '../telegram/dial-data-centre.ts'
import type { Road } from '../telegram/directory.ts'
import { Probes } from '../telegram/probes.ts'
import { Roads } from '../telegram/roads.ts'
import { WarmPool } from '../telegram/warm-pool.ts'
import { dataCentreLabel } from '../telemetry/catalogue.ts'
import type { Counters } from '../telemetry/counters.ts'
import { Health } from '../upstream/health.ts'
import type { Upstream, UpstreamKind } from '../upstream/upstream.ts'
import { dialledNames } from './dialled-names.ts'
import type { WorkerStart } from './messages.ts'
import { pooledRandom } from './random-pool.ts'
import type { ThreadResources } from './thread-resources.ts'
import { upstreamCounters, waysOut } from './ways-out.ts'

/** Milliseconds. */
const BETWEEN_TENDS = 1000

/** The connections that a worker begins, counted. */
export class Dialling {
  readonly #thread: ThreadResources & { readonly names: Names }
  readonly #counters: Counters
  readonly #roads: Roads
  /** Absent: fronts are reached straight. */
  readonly #frontRoads: Roads | undefined
  readonly #warm: WarmPool
  readonly #probes: Probes | undefined
  readonly #untend: () => void
  /** By which the last attempt went: a dial that failed went by no one way. */
  #via: UpstreamKind = 'direct'

  constructor(
    { config, shared, upstreams, index }: WorkerStart,
    thread: ThreadResources,
    counters: Counters,
  ) {
    this.#thread = { ...thread, names: dialledNames(config, { counters, log: thread.log }) }
    this.#counters = counters
    const health = new Health()
    const { wheel, now } = thread
    const byUpstream = upstreamCounters(upstreams.memory, shared.rows)
    const ways = waysOut(config, { ...this.#thread, health, random: pooledRandom(), unixSeconds })
    const counted = (upstream: Upstream, outcome: AttemptOutcome, milliseconds: number) => {
      byUpstream.count(index, upstreams.places.indexOf(upstream.name), outcome, milliseconds)
    }
    const options = { dialTimeout: config.telegram.dial_timeout }
    this.#roads = new Roads(options, {
      upstreams: ways.telegram,
      health,
      wheel,
      now,
      counted: (upstream, outcome, milliseconds) => {
        this.#via = upstream.kind
        counted(upstream, outcome, milliseconds)
      },
    })
    if (config.upstream.some((each) => each.for.includes('front'))) {
      this.#frontRoads = new Roads(options, { upstreams: ways.front, health, wheel, now, counted })
    }
    this.#warm = new WarmPool(config.telegram.warm, {
      dial: (road) => this.#dial(road),
      now,
      nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
      isScarce: () => thread.descriptors.scarce,
      counted: (dc, event) => counters.telegramWarmConnectionsTotal.add(1, dataCentreLabel(dc), event),
      waiting: (dc, count) => counters.telegramWarmConnections.set(count, dataCentreLabel(dc)),
    })
    this.#probes = this.#probing(config.telegram.probe)
    let tendedAt = 0
    this.#untend = wheel.everyTick((at) => {
      if (at - tendedAt < BETWEEN_TENDS) return
      tendedAt = at
      this.#warm.tend()
      this.#probes?.tend()
    })
  }

  /** @param route of the client, for a front that wants a PROXY header */
  front(site: Site, handler: LegHandler, route: ProxyRoute | undefined): Leg {
    const { endpoint, proxyProtocol = 'off' } = site
    const counters = this.#counters
    const began = this.#thread.now()
    counters.frontConnections.add(1)
    const events = {
      onConnected: () => {
        counters.frontDials.add(1, 'ok')
        counters.frontDialSeconds.observe((this.#thread.now() - began) / 1000)
      },
      onClosed: ({ bytesWritten, bytesRead, connected, failure }: CountedLeg) => {
        counters.frontConnections.add(-1)
        counters.bytes.add(bytesWritten, 'up', 'front')
        counters.bytes.add(bytesRead, 'down', 'front')
        if (!connected && failure) counters.frontDials.add(1, dialFailure(failure))
      },
    }
    const roads = isOfThisHost(site) ? undefined : this.#frontRoads
    const leg = roads
      ? new AwaitedLeg(handler, arriving(roads.dial([endpoint]), events.onConnected), events)
      : dial(endpoint, handler, this.#thread, events)
    if (proxyProtocol !== 'off') leg.write(writeProxyHeader(proxyProtocol, route))
    return leg
  }

  /** One of the middle proxies of a data centre. */
  async middle(
    dc: number,
    addresses: readonly Endpoint[],
    names: readonly string[] | undefined,
  ): Promise<DialResult> {
    const result = await this.#roads.dial(addresses, names)
    this.#counters.telegramDials.add(1, dataCentreLabel(dc), 'middle', result.ok ? 'ok' : result.failure)
    return result
  }

  /** @param window how many bytes the first read may take */
  async telegram(road: Road, names?: readonly string[], window?: () => number): Promise<DialResult> {
    this.#probes?.asked(road, names)
    // A waiting connection went the usual way, and its first read is not measured.
    const warm = names || window ? undefined : await this.#warm.take(road)
    return warm ?? this.#dial(road, names, window)
  }

  /** Nothing is kept for sessions that will not come. */
  close(): void {
    this.#untend()
    this.#warm.close()
    this.#probes?.close()
  }

  #probing(interval: number | 'off'): Probes | undefined {
    if (interval === 'off') return undefined
    const { wheel, now, descriptors } = this.#thread
    const counters = this.#counters
    const random = pooledRandom()
    return new Probes(
      { interval },
      {
        ways: (addresses, names) => this.#roads.ways(addresses, names),
        ask: async (dc, way) => {
          const dialled = await this.#roads.try(way)
          const outcome = dialled.ok
            ? await askDataCentre(dialled.leg, dc, { wheel, now, random, unixMilliseconds: Date.now })
            : { result: dialled.failure, milliseconds: 0 }
          this.#roads.answered(way, outcome.result === 'ok')
          return outcome
        },
        told: (dc, { kind }, { result, milliseconds }) => {
          const label = dataCentreLabel(dc)
          counters.telegramProbes.add(1, label, kind, result)
          if (result === 'ok') counters.telegramProbeSeconds.observe(milliseconds / 1000, label, kind)
        },
        random: Math.random,
        now,
        isScarce: () => descriptors.scarce,
      },
    )
  }

  async #dial(road: Road, names?: readonly string[], window?: () => number): Promise<DialResult> {
    const result = await this.#roads.dial(road.addresses, names, window)
    const dc = dataCentreLabel(road.dc)
    const via = result.ok ? result.upstream.kind : this.#via
    this.#counters.telegramDials.add(1, dc, via, result.ok ? 'ok' : result.failure)
    if (result.ok) this.#counters.telegramDialSeconds.observe(result.milliseconds / 1000, dc)
    return result
  }
}

type CountedLeg = Pick<SocketLeg, 'bytesWritten' | 'bytesRead' | 'connected' | 'failure'>

async function arriving(dialling: Promise<DialResult>, onConnected: () => void): Promise<DialResult> {
  const result = await dialling
  if (result.ok) onConnected()
  return result
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
