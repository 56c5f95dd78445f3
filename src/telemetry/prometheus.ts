import { collectDefaultMetrics, Gauge, type Metric as PromMetric, Registry } from 'prom-client'
import { BUCKETS, PREFIX, QUANTILES } from './metric.ts'
import { RUN_TIME_METRICS, type RunTimeMetric } from './run-time-metrics.ts'
import { type MetricTotals, readTotals, type Series } from './totals.ts'

export interface Exposition {
  readonly contentType: string
  readonly body: string
}

export interface Build {
  readonly version: string
  /** Version of the runtime, e.g. `26.10.0`. */
  readonly node: string
}

/** One of the metrics that are not in the catalogue, because their labels are not known beforehand. */
export interface Collector extends Pick<RunTimeMetric, 'name' | 'help' | 'type'> {
  samples(): Sample[]
}

/** One line of the text format; `metricName` where it is not the metric's own name. */
export interface Sample {
  readonly metricName?: string
  readonly labels: Record<string, string>
  readonly value: number
}

/**
 * Makes the function that answers a scrape, in the Prometheus text format 0.0.4: everything of the catalogue as it
 * stands in shared memory at that moment, the build, the process, and the further metrics, which are asked for at each
 * scrape. Call it once per shared memory.
 */
export function openExposition(
  shared: SharedArrayBuffer,
  build: Build,
  further: readonly Collector[] | (() => readonly Collector[]) = [],
): () => Promise<Exposition> {
  const registry = new Registry()
  let totals = readTotals(shared)
  totals.forEach(({ metric }, i) => {
    const collect = () => samples(totals[i] as MetricTotals)
    registry.registerMetric(sharedMetric(metric.name, metric.help, metric.type, collect))
  })
  registry.registerMetric(buildInfo(build))
  for (const metric of processMetrics()) registry.registerMetric(metric)
  return async () => {
    totals = readTotals(shared)
    const more = moreOf(typeof further === 'function' ? further() : further)
    return { contentType: registry.contentType, body: (await registry.metrics()) + (await more.metrics()) }
  }
}

/** Which there are may change while portico runs. */
function moreOf(collectors: readonly Collector[]): Registry {
  const registry = new Registry()
  for (const collector of collectors) {
    const { name, help, type } = collector
    registry.registerMetric(sharedMetric(name, help, type, () => collector.samples()))
  }
  return registry
}

/**
 * prom-client's own metrics hold their values themselves, and its Histogram cannot be set from outside. A registry
 * asks a metric for no more than these four, so the cast is the whole seam.
 */
function sharedMetric(name: string, help: string, type: string, collect: () => Sample[]): PromMetric {
  const metric = {
    name: PREFIX + name,
    help,
    type,
    get: async () => ({ name: PREFIX + name, help, type, values: collect() }),
  }
  return metric as unknown as PromMetric
}

function samples({ metric, series }: MetricTotals): Sample[] {
  const name = PREFIX + metric.name
  if (metric.type === 'histogram') return series.flatMap((one) => histogramSamples(name, one))
  if (metric.type === 'summary') return series.flatMap((one) => summarySamples(name, one))
  return series.map(({ labels, numbers }) => ({ labels, value: numbers[0] ?? 0 }))
}

function histogramSamples(name: string, { labels, numbers }: Series): Sample[] {
  const lines: Sample[] = []
  let count = 0
  for (const [i, bound] of [...BUCKETS, '+Inf'].entries()) {
    count += numbers[i] ?? 0
    lines.push({ metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: count })
  }
  // A data centre that nobody has dialled yet would be 17 lines of nothing; without labels the zeros are wanted.
  if (count === 0 && Object.keys(labels).length > 0) return []
  lines.push({ metricName: `${name}_sum`, labels, value: numbers[BUCKETS.length + 1] ?? 0 })
  lines.push({ metricName: `${name}_count`, labels, value: count })
  return lines
}

function summarySamples(name: string, { labels, numbers }: Series): Sample[] {
  const lines: Sample[] = QUANTILES.map((quantile, i) => ({
    labels: { ...labels, quantile: String(quantile) },
    value: numbers[i] ?? 0,
  }))
  lines.push({ metricName: `${name}_sum`, labels, value: numbers[QUANTILES.length] ?? 0 })
  lines.push({ metricName: `${name}_count`, labels, value: numbers[QUANTILES.length + 1] ?? 0 })
  return lines
}

function buildInfo({ version, node }: Build): PromMetric {
  const { name, help, labels } = RUN_TIME_METRICS.buildInfo
  const labelNames = labels.map(([label]) => label)
  const gauge = new Gauge({ name: PREFIX + name, help, labelNames, registers: [] })
  gauge.set({ version, node }, 1)
  return gauge
}

/**
 * The standard `process_*` metrics. prom-client's `nodejs_*` are left out: heap, handles and loop would be those of
 * the supervisor's thread alone, which relays nothing.
 */
function processMetrics(): PromMetric[] {
  const all = new Registry()
  collectDefaultMetrics({ register: all, eventLoopMonitoringPrecision: 1_000 })
  const names = all.getMetricsAsArray().map(({ name }) => name)
  return names
    .filter((name) => name.startsWith('process_'))
    .map((name) => all.getSingleMetric(name) as PromMetric)
}
