import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Counters } from './counters.ts'
import { QUANTILES } from './metric.ts'

/** Milliseconds between two looks at the loop. */
const RESOLUTION = 20

export interface LoopDelay {
  /** Publishes what was seen since the last call into the row of these counters. */
  publish(): void
  stop(): void
}

/** Watches the event loop of the calling thread. The caller publishes on a tick of its own, every few seconds. */
export function watchLoopDelay(counters: Pick<Counters, 'eventLoopDelaySeconds'>): LoopDelay {
  const seen = monitorEventLoopDelay({ resolution: RESOLUTION })
  seen.enable()
  return {
    publish() {
      if (seen.count === 0) return
      const quantiles = QUANTILES.map((quantile) => lateness(seen.percentile(quantile * 100)))
      counters.eventLoopDelaySeconds.publish(quantiles, lateness(seen.mean) * seen.count, seen.count)
      seen.reset()
    },
    stop() {
      seen.disable()
    },
  }
}

/** Node records the whole time from one look to the next, in nanoseconds; the interval itself is no delay. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1e3)
}
