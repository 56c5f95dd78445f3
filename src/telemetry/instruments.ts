import type { Placement } from './layout.ts'
import { BUCKETS, type Labels, type LabelValues, QUANTILES, seriesIndex, seriesSlots } from './metric.ts'

/** One series, looked up once: for paths that run more often than once a session. */
export interface Cell {
  add(amount: number): void
}

class Instrument<L extends Labels> {
  protected readonly row: Float64Array
  readonly #placement: Placement
  readonly #slots: number

  constructor(row: Float64Array, placement: Placement) {
    this.row = row
    this.#placement = placement
    this.#slots = seriesSlots(placement.metric.type)
  }

  protected at(values: LabelValues<L>): number {
    return this.#placement.base + seriesIndex(this.#placement.metric, values) * this.#slots
  }
}

// A row has one writer, so a plain read and write suffices; Atomics offers nothing for doubles anyway.
export class CounterInstrument<L extends Labels> extends Instrument<L> {
  add(amount: number, ...values: LabelValues<L>): void {
    const at = this.at(values)
    this.row[at] = (this.row[at] as number) + amount
  }

  cell(...values: LabelValues<L>): Cell {
    const { row } = this
    const at = this.at(values)
    return {
      add(amount) {
        row[at] = (row[at] as number) + amount
      },
    }
  }
}

export class GaugeInstrument<L extends Labels> extends CounterInstrument<L> {
  set(value: number, ...values: LabelValues<L>): void {
    this.row[this.at(values)] = value
  }
}

/** First bucket whose upper bound holds the value (`le`: bounds are inclusive). */
function bucketOf(seconds: number): number {
  let bucket = 0
  while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket++
  return bucket
}

export class HistogramInstrument<L extends Labels> extends Instrument<L> {
  observe(seconds: number, ...values: LabelValues<L>): void {
    const at = this.at(values)
    const bucket = at + bucketOf(seconds)
    const sum = at + BUCKETS.length + 1
    this.row[bucket] = (this.row[bucket] as number) + 1
    this.row[sum] = (this.row[sum] as number) + seconds
  }
}

export class SummaryInstrument<L extends Labels> extends Instrument<L> {
  /** The quantiles of an interval (see QUANTILES) and what was observed in it, in sum and number. */
  publish(quantiles: readonly number[], sum: number, count: number, ...values: LabelValues<L>): void {
    const at = this.at(values)
    for (let i = 0; i < QUANTILES.length; i++) this.row[at + i] = quantiles[i] ?? 0
    const total = at + QUANTILES.length
    this.row[total] = (this.row[total] as number) + sum
    this.row[total + 1] = (this.row[total + 1] as number) + count
  }
}
