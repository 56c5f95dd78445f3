import { RememberedHellos } from '../access/replay-log.ts'
import { ReplaySet } from '../access/replay-set.ts'
import { SegmentLog } from '../state/segment-log.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import { replayFolder } from './state-files.ts'

export interface ReplayMemoryOptions {
  readonly replays: SharedArrayBuffer
  readonly clockSkewSeconds: number
  /** The state folder. */
  readonly dir: string
}

/** A worker's view of the hellos that were let in: the set that all share, and its own descriptor of the log. */
export function openReplayMemory(
  { replays, clockSkewSeconds, dir }: ReplayMemoryOptions,
  { counters, log }: { counters: Counters; log: Log },
): RememberedHellos {
  let failing = false
  const segments = new SegmentLog(replayFolder(dir), {
    unixSeconds: () => Math.floor(Date.now() / 1000),
    failed: (error) => {
      counters.stateErrors.add(1, 'replay')
      counters.stateDegraded.set(1, 'replay')
      if (!failing)
        log.error('hellos are remembered in memory only: the replay log cannot be written', { error })
      failing = true
    },
    recovered: () => {
      counters.stateDegraded.set(0, 'replay')
      failing = false
      log.info('the replay log is written again')
    },
  })
  return new RememberedHellos(new ReplaySet(replays, clockSkewSeconds), segments)
}
