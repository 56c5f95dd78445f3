import { CATALOGUE, type Catalogue, type MetricKey } from './catalogue.ts'
import { placementOf, ROW_SLOTS, rowCount, rowOf } from './layout.ts'
import {
  type LabelValues,
  labelValuesAt,
  type Metric,
  QUANTILES,
  seriesCount,
  seriesIndex,
  seriesSlots,
} from './metric.ts'

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** As stored: one number for counters and gauges; buckets and sum of a histogram; quantiles, sum, count of a summary. */
  readonly numbers: readonly number[]
}

export interface MetricTotals {
  readonly metric: Metric
  readonly series: readonly Series[]
}

function sumRows(shared: SharedArrayBuffer): Float64Array {
  const sums = new Float64Array(ROW_SLOTS)
  for (let row = 0; row < rowCount(shared); row++) {
    const numbers = rowOf(shared, row)
    for (let i = 0; i < ROW_SLOTS; i++) sums[i] = (sums[i] as number) + (numbers[i] as number)
  }
  return sums
}

function seriesOf(key: MetricKey, numbers: Float64Array, extra: Record<string, string> = {}): Series[] {
  const { metric, base } = placementOf(key)
  const slots = seriesSlots(metric.type)
  return Array.from({ length: seriesCount(metric.labels) }, (_, index) => {
    const values = labelValuesAt(metric.labels, index)
    const labels = Object.fromEntries(metric.labels.map(([name], i) => [name, values[i] as string]))
    const at = base + index * slots
    return { labels: { ...extra, ...labels }, numbers: Array.from(numbers.subarray(at, at + slots)) }
  })
}

function perWorker(shared: SharedArrayBuffer, key: MetricKey): Series[] {
  const series: Series[] = []
  for (let row = 1; row < rowCount(shared); row++) {
    series.push(...seriesOf(key, rowOf(shared, row), { worker: String(row) }))
  }
  return series
}

/** Every metric with all its series, summed over the rows (or one per worker, as the catalogue says). */
export function readTotals(shared: SharedArrayBuffer): MetricTotals[] {
  const sums = sumRows(shared)
  return (Object.keys(CATALOGUE) as MetricKey[]).map((key) => {
    const metric: Metric = CATALOGUE[key]
    return { metric, series: metric.perWorker ? perWorker(shared, key) : seriesOf(key, sums) }
  })
}

type Plain = {
  [K in MetricKey]: Catalogue[K]['type'] extends 'counter' | 'gauge' ? K : never
}[MetricKey]

/** The sum of one series of a counter or gauge over all rows. */
export function readTotal<K extends Plain>(
  shared: SharedArrayBuffer,
  key: K,
  ...values: LabelValues<Catalogue[K]['labels']>
): number {
  const { metric, base } = placementOf(key)
  const at = base + seriesIndex(metric, values)
  let total = 0
  for (let row = 0; row < rowCount(shared); row++) total += rowOf(shared, row)[at] as number
  return total
}

/** A dead worker holds nothing any more: its gauges become 0. What it counted stays, so that no total goes back. */
export function resetGauges(shared: SharedArrayBuffer, row: number): void {
  const numbers = rowOf(shared, row)
  for (const key of Object.keys(CATALOGUE) as MetricKey[]) {
    const { metric, base } = placementOf(key)
    if (metric.type === 'gauge') numbers.fill(0, base, base + seriesCount(metric.labels))
    if (metric.type === 'summary') numbers.fill(0, base, base + QUANTILES.length)
  }
}
