import { LoggedReplayMemory } from '../access/replay-log.ts'
import { ReplayMemory } from '../access/replay-memory.ts'
import { SegmentLog } from '../state/segment-log.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'

export interface ReplayMemoryOptions {
  readonly shared: SharedArrayBuffer
  /** Of its log. */
  readonly folder: string
  /** For whoever reads our log. */
  readonly what: 'hellos' | 'inits'
}

/** A worker's view of what was let in: the memory that all share, and its own descriptor of the log. */
export function openReplayMemory(
  { shared, folder, what }: ReplayMemoryOptions,
  { counters, log }: { counters: Counters; log: Log },
): LoggedReplayMemory {
  let failing = false
  const segments = new SegmentLog(folder, {
    unixSeconds: () => Math.floor(Date.now() / 1000),
    failed: (error) => {
      counters.stateErrors.add(1, 'replay')
      counters.stateDegraded.set(1, 'replay')
      if (!failing) log.error(`${what} are remembered in memory only: their log cannot be written`, { error })
      failing = true
    },
    recovered: () => {
      counters.stateDegraded.set(0, 'replay')
      failing = false
      log.info(`the log of ${what} is written again`)
    },
  })
  return new LoggedReplayMemory(new ReplayMemory(shared), segments)
}
