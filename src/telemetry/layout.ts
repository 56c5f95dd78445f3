import { CATALOGUE, type MetricKey } from './catalogue.ts'
import { type Metric, seriesCount, seriesSlots } from './metric.ts'

/** Two lines of 64 bytes: processors fetch them in pairs, and no two workers may write to one. */
const LINE_SLOTS = 128 / Float64Array.BYTES_PER_ELEMENT

export interface Placement {
  readonly metric: Metric
  /** Offset of its first series in a row, in numbers. */
  readonly base: number
}

function place(): { placements: ReadonlyMap<MetricKey, Placement>; slots: number } {
  const placements = new Map<MetricKey, Placement>()
  let base = 0
  for (const key of Object.keys(CATALOGUE) as MetricKey[]) {
    const metric: Metric = CATALOGUE[key]
    placements.set(key, { metric, base })
    base += seriesCount(metric.labels) * seriesSlots(metric.type)
  }
  return { placements, slots: Math.ceil(base / LINE_SLOTS) * LINE_SLOTS }
}

const layout = place()

/** Numbers in one row. */
export const ROW_SLOTS = layout.slots
export const ROW_BYTES = ROW_SLOTS * Float64Array.BYTES_PER_ELEMENT

export function placementOf(key: MetricKey): Placement {
  return layout.placements.get(key) as Placement
}

/** Shared memory for so many rows: row 0 is the supervisor's, the others belong to one worker each. */
export function allocateCounters(rows: number): SharedArrayBuffer {
  return new SharedArrayBuffer(rows * ROW_BYTES)
}

export function rowCount(shared: SharedArrayBuffer): number {
  return shared.byteLength / ROW_BYTES
}

export function rowOf(shared: SharedArrayBuffer, row: number): Float64Array {
  if (!Number.isInteger(row) || row < 0 || row >= rowCount(shared)) {
    throw new RangeError(`no row ${row} in counters of ${rowCount(shared)} rows`)
  }
  return new Float64Array(shared, row * ROW_BYTES, ROW_SLOTS)
}
