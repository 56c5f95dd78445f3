import type { Config } from '../config/schema.ts'
import type { DialResources } from '../net/dial.ts'
import type { ShadowsocksDependencies } from '../protocol/shadowsocks/client-stream.ts'
import type { AttemptOutcome } from '../telegram/dial-data-centre.ts'
import { DIAL_RESULTS } from '../telemetry/catalogue.ts'
import type { Collector } from '../telemetry/prometheus.ts'
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

/** The upstreams of a configuration for what goes to Telegram, and the straight way where none is listed for it. */
export function waysOut({ upstream }: Pick<Config, 'upstream'>, resources: WaysOutResources): Upstreams {
  const configured = upstream.map((each) => ({
    upstream: make(each, resources),
    weight: each.weight,
    isUsual: each.for.includes('telegram'),
  }))
  const straight = configured.find(({ upstream: { name } }) => name === DIRECT) ?? {
    upstream: new DirectUpstream({ name: DIRECT }, resources),
    weight: 1,
  }
  const usual: WeightedUpstream[] = configured.filter(({ isUsual }) => isUsual)
  return new Upstreams(
    [...configured.filter((each) => each !== straight), straight],
    usual.length > 0 ? usual : [straight],
    { health: resources.health, random: Math.random, now: resources.now },
  )
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

/** In the order of their counters: as configured, the straight way behind them unless it is one. */
export function upstreamNames({ upstream }: Pick<Config, 'upstream'>): string[] {
  const names = upstream.map(({ name }) => name)
  return names.includes(DIRECT) ? names : [...names, DIRECT]
}

const RESULTS: readonly AttemptOutcome[] = [...DIAL_RESULTS, 'slow']

export function upstreamCounterBytes(config: Pick<Config, 'upstream'>, rows: number): number {
  return UpstreamCounters.bytes({ upstreams: upstreamNames(config).length, rows, results: RESULTS })
}

export function upstreamCounters(
  shared: SharedArrayBuffer,
  config: Pick<Config, 'upstream'>,
  rows: number,
): UpstreamCounters {
  return new UpstreamCounters(shared, { upstreams: upstreamNames(config).length, rows, results: RESULTS })
}

/** What each way out saves or costs. */
export function upstreamMetrics(names: readonly string[], counters: UpstreamCounters): Collector[] {
  return [
    {
      name: 'upstream_dials_total',
      help: 'Attempts to connect by an upstream, by result; slow: another was faster although this one had its time.',
      type: 'counter',
      samples: () =>
        names.flatMap((upstream, index) =>
          RESULTS.map((result) => ({ labels: { upstream, result }, value: counters.dials(index, result) })),
        ),
    },
    {
      name: 'upstream_dial_seconds_total',
      help: 'Time that the successful ones took together.',
      type: 'counter',
      samples: () =>
        names.map((upstream, index) => ({ labels: { upstream }, value: counters.seconds(index) })),
    },
  ]
}
