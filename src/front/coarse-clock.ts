/**
 * A clock that a front has for all its connections together, as uSockets, on which Bun is built, sweeps them every four seconds
 * (libusockets.h, LIBUS_TIMEOUT_GRANULARITY): a silent connection ends with the `ticks`-th tick after its accept, whatever
 * the moment. The clock begins with a connection that is alone.
 */
export interface CoarseClock {
  /** Milliseconds between two ticks. */
  readonly period: number
  readonly ticks: number
}

/** A silence that a front has ended: both moments in milliseconds of one clock. */
export interface WatchedSilence {
  readonly began: number
  readonly ended: number
}

/** Ends that are no further apart are of one tick. */
const SAME_TICK = 150
/** Silences that began so far apart and ended together did not each have their own timer. */
const APART = 1000
/** By so much a tick may be seen too late. */
const LATE = 250
/** Such clocks are set in steps of this. */
const STEP = 500
const MOST_TICKS = 1000
const LONGEST_PERIOD = 60_000

/** Undefined where each silence had a timer of its own, or too little was seen to tell. */
export function coarseClock(watched: readonly WatchedSilence[]): CoarseClock | undefined {
  const ticks = groupedByEnd(watched)
  const isShared = ticks.some((group) => {
    const begins = group.map(({ began }) => began)
    return Math.max(...begins) - Math.min(...begins) >= APART
  })
  if (!isShared || ticks.length < 2) return undefined
  const moments = ticks.map(([first]) => first!.ended)
  const steps = moments.slice(1).map((moment, at) => moment - moments[at]!)
  const period = Math.round(Math.min(...steps) / STEP) * STEP
  if (period === 0) return undefined
  if (!steps.every((step) => Math.abs(step - Math.round(step / period) * period) <= SAME_TICK))
    return undefined
  const longest = Math.max(...watched.map(({ began, ended }) => ended - began))
  for (let count = 1; count <= Math.ceil(longest / period) + 1; count++) {
    if (watched.every((each) => mayTake(each, count, period))) return { period, ticks: count }
  }
  return undefined
}

function mayTake({ began, ended }: WatchedSilence, ticks: number, period: number): boolean {
  const lasted = ended - began
  return lasted > (ticks - 1) * period - LATE && lasted <= ticks * period + LATE
}

function groupedByEnd(watched: readonly WatchedSilence[]): WatchedSilence[][] {
  const groups: WatchedSilence[][] = []
  for (const each of watched.toSorted((a, b) => a.ended - b.ended)) {
    const group = groups.at(-1)
    if (group && each.ended - group[0]!.ended <= SAME_TICK) group.push(each)
    else groups.push([each])
  }
  return groups
}

/** Reads one from what may be anything: a file can be damaged. */
export function readCoarseClock(value: unknown): CoarseClock | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { period, ticks } = value as Record<string, unknown>
  return isCount(period, LONGEST_PERIOD) && isCount(ticks, MOST_TICKS) ? { period, ticks } : undefined
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= most
}
