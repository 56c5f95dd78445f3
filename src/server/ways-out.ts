import type { Config } from '../config/schema.ts'
import { MOST_UPSTREAMS } from '../config/schema-upstream.ts'
import type { DialResources } from '../net/dial.ts'
import type { ShadowsocksDependencies } from '../protocol/shadowsocks/client-stream.ts'
import type { AttemptOutcome } from '../telegram/dial-data-centre.ts'
import { UPSTREAM_DIAL_RESULTS } from '../telemetry/catalogue.ts'
import type { Collector } from '../telemetry/prometheus.ts'
import { RUN_TIME_METRICS } from '../telemetry/run-time-metrics.ts'
import { DirectUpstream } from '../upstream/direct.ts'
import type { Health } from '../upstream/health.ts'
import { ShadowsocksUpstream } from '../upstream/shadowsocks.ts'
import { TunnelUpstream } from '../upstream/tunnel.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { UpstreamCounters } from '../upstream/upstream-counters.ts'
import { DIRECT, Upstreams, type WeightedUpstream } from '../upstream/upstreams.ts'

type Configured = Config['upstream'][number]

export type WaysOutResources = DialResources &
  ShadowsocksDependencies & { readonly health: Health; now(): number }

/** What a connection is for. */
export type Purpose = Configured['for'][number]

/** The upstreams of a configuration for each purpose, and the straight way where none is listed for it. */
export function waysOut(
  { upstream }: Pick<Config, 'upstream'>,
  resources: WaysOutResources,
): Readonly<Record<Purpose, Upstreams>> {
  const configured = upstream.map((each) => ({
    upstream: make(each, resources),
    weight: each.weight,
    purposes: each.for,
  }))
  const straight = configured.find(({ upstream: { name } }) => name === DIRECT) ?? {
    upstream: new DirectUpstream({ name: DIRECT }, resources),
    weight: 1,
  }
  const all = [...configured.filter((each) => each !== straight), straight]
  const ways = (purpose: Purpose) => {
    const usual: WeightedUpstream[] = configured.filter(({ purposes }) => purposes.includes(purpose))
    const { health, now } = resources
    return new Upstreams(all, usual.length > 0 ? usual : [straight], { health, random: Math.random, now })
  }
  return { telegram: ways('telegram'), lists: ways('lists'), front: ways('front') }
}

function make({ name, url, bind }: Configured, resources: WaysOutResources): Upstream {
  if (url.kind === 'direct') return new DirectUpstream({ name, bind }, resources)
  if (url.kind === 'shadowsocks') {
    return new ShadowsocksUpstream({ name, bind, ...url }, resources)
  }
  const { kind, server, user, password = '' } = url
  const credentials = user === undefined ? undefined : { user, password }
  return new TunnelUpstream({ name, kind, server, bind, credentials }, resources)
}

/** As configured, the straight way behind them unless it is one. */
export function upstreamNames({ upstream }: Pick<Config, 'upstream'>): string[] {
  const names = upstream.map(({ name }) => name)
  return names.includes(DIRECT) ? names : [...names, DIRECT]
}

const RESULTS: readonly AttemptOutcome[] = UPSTREAM_DIAL_RESULTS

/** Names of one run that are told apart: twice as many as one configuration may have, and the straight way. */
const MOST_NAMES = 2 * MOST_UPSTREAMS + 1

/** @param rows workers + 1 */
export function upstreamCounterBytes(rows: number): { bytes: number; most: number } {
  return {
    bytes: UpstreamCounters.bytes({ upstreams: MOST_NAMES, rows, results: RESULTS }),
    most: MOST_NAMES,
  }
}

export function upstreamCounters(shared: SharedArrayBuffer, rows: number): UpstreamCounters {
  return new UpstreamCounters(shared, { upstreams: MOST_NAMES, rows, results: RESULTS })
}

/** What each way out saves or costs. */
export function upstreamMetrics(
  shown: readonly { readonly name: string; readonly place: number }[],
  counters: UpstreamCounters,
): Collector[] {
  return [
    {
      ...RUN_TIME_METRICS.upstreamDials,
      samples: () =>
        shown.flatMap(({ name: upstream, place }) =>
          RESULTS.map((result) => ({ labels: { upstream, result }, value: counters.dials(place, result) })),
        ),
    },
    {
      ...RUN_TIME_METRICS.upstreamDialSeconds,
      samples: () =>
        shown.map(({ name: upstream, place }) => ({ labels: { upstream }, value: counters.seconds(place) })),
    },
  ]
}
