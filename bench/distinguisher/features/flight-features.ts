import type { Features } from '../classifiers/dataset.ts'
import { exponential, type Random } from '../statistics/random.ts'
import type { FirstFlight, FlightTiming } from './first-flight.ts'

/** Everything of the first flight but its times, as numbers; a categorical value becomes a feature that is 1 or 0. */
export function flightFeatures({ categorical, sizes, continuous }: FirstFlight): Features {
  const flags = Object.entries(categorical).map(([name, value]) => [`${name} = ${value}`, 1])
  return { ...Object.fromEntries(flags), ...sizes, ...continuous }
}

/** Mean of the delay that a network adds, in the measurements of other proxies too. */
export const JITTER_MILLISECONDS = 5

export function timingFeatures({ firstByte, lastByte }: FlightTiming, random?: Random): Features {
  const jitter = random ? exponential(JITTER_MILLISECONDS, random) : 0
  return { 'hello to first byte': firstByte + jitter, 'hello to last byte': lastByte + jitter }
}
