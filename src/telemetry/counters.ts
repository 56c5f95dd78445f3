import { CATALOGUE, type Catalogue, type MetricKey } from './catalogue.ts'
import { CounterInstrument, GaugeInstrument, HistogramInstrument, SummaryInstrument } from './instruments.ts'
import { placementOf, rowOf } from './layout.ts'
import type { Labels, Metric, MetricType } from './metric.ts'

export { allocateCounters } from './layout.ts'
export { readTotal, readTotals, resetGauges } from './totals.ts'

interface InstrumentOf<L extends Labels> {
  counter: CounterInstrument<L>
  gauge: GaugeInstrument<L>
  histogram: HistogramInstrument<L>
  summary: SummaryInstrument<L>
}

type Instruments = {
  readonly [K in MetricKey]: Catalogue[K] extends Metric<infer T extends MetricType, infer L>
    ? InstrumentOf<L>[T]
    : never
}

const CONSTRUCTORS = {
  counter: CounterInstrument,
  gauge: GaugeInstrument,
  histogram: HistogramInstrument,
  summary: SummaryInstrument,
}

class EveryInstrument {
  constructor(shared: SharedArrayBuffer, row: number) {
    const numbers = rowOf(shared, row)
    for (const key of Object.keys(CATALOGUE) as MetricKey[]) {
      const placement = placementOf(key)
      const instrument = new CONSTRUCTORS[placement.metric.type](numbers, placement)
      Object.defineProperty(this, key, { value: instrument, enumerable: true })
    }
  }
}

/**
 * One row of the shared memory, with an instrument per metric: `counters.handshakes.add(1, 'ok')`.
 * Exactly one thread may write to a row; any thread may read the sums (`readTotals`).
 */
// The properties come from the catalogue, which the type system can follow in a mapped type but not in a loop.
export class Counters extends (EveryInstrument as unknown as new (
  shared: SharedArrayBuffer,
  row: number,
) => Instruments) {}
