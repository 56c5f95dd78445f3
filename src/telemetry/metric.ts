/** A label and every value it may take: the values are known beforehand, so a series is an offset in shared memory. */
export type Label = readonly [name: string, values: readonly string[]]
export type Labels = readonly Label[]

/** The values of the labels, in their order, as a typed tuple. */
export type LabelValues<L extends Labels> = { readonly [I in keyof L]: L[I][1][number] }

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary'

export interface Metric<T extends MetricType = MetricType, L extends Labels = Labels> {
  /** Without the prefix `portico_`. */
  readonly name: string
  readonly help: string
  readonly type: T
  readonly labels: L
  /** Shown once per worker, with a label `worker`, instead of summed over the workers. */
  readonly perWorker?: true
}

export const PREFIX = 'portico_'

/** Upper bounds of every histogram, in seconds: from a loopback dial to the longest time anybody waits. */
export const BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const

/** What a summary shows: the median, the 99th percentile and the maximum of the last interval. */
export const QUANTILES = [0.5, 0.99, 1] as const

/** A histogram series: one slot per bucket (the last is "beyond all bounds"), not cumulative, then the sum. */
const HISTOGRAM_SLOTS = BUCKETS.length + 2
/** A summary series: the quantiles, then sum and count of everything observed. */
const SUMMARY_SLOTS = QUANTILES.length + 2

/** How many numbers one series occupies in a row. */
export function seriesSlots(type: MetricType): number {
  if (type === 'histogram') return HISTOGRAM_SLOTS
  return type === 'summary' ? SUMMARY_SLOTS : 1
}

export function seriesCount(labels: Labels): number {
  return labels.reduce((count, [, values]) => count * values.length, 1)
}

/** The label values of the series of that index: the last label varies fastest. */
export function labelValuesAt(labels: Labels, index: number): string[] {
  const values: string[] = []
  let rest = index
  for (const [, allowed] of labels.toReversed()) {
    values.unshift(allowed[rest % allowed.length] as string)
    rest = Math.floor(rest / allowed.length)
  }
  return values
}

/** The inverse of {@link labelValuesAt}. Throws a RangeError for a value that the catalogue does not know. */
export function seriesIndex(metric: Metric, values: readonly string[]): number {
  let index = 0
  for (let i = 0; i < metric.labels.length; i++) {
    const [label, allowed] = metric.labels[i] as Label
    const at = allowed.indexOf(values[i] as string)
    if (at < 0) throw new RangeError(`${metric.name}: ${label} cannot be "${values[i]}"`)
    index = index * allowed.length + at
  }
  return index
}
