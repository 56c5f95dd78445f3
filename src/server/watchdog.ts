import type { Log } from '../telemetry/guarded-log.ts'
import type { SupervisedWorker } from './supervised-worker.ts'

const LOOK_EVERY = 1000
/** Looks without a heartbeat before a worker counts as stuck. */
const PATIENCE = 10
const TERMINATION_MILLISECONDS = 5000

export interface WatchdogDependencies {
  readonly log: Log
  /** A thread could not even be ended: the process is beyond repair. */
  giveUp(): void
}

/** Ends workers whose loop stands still: a heap limit or a busy loop gives no other sign. */
export function watchWorkers(
  workers: readonly SupervisedWorker[],
  heartbeats: Int32Array,
  { log, giveUp }: WatchdogDependencies,
): () => void {
  const last = new Map<number, { beats: number; missed: number }>()
  const look = (worker: SupervisedWorker) => {
    const beats = Atomics.load(heartbeats, worker.index)
    const seen = last.get(worker.index)
    // A worker that has not begun to beat is still starting.
    const missed = seen?.beats === beats && beats !== 0 ? seen.missed + 1 : 0
    last.set(worker.index, { beats, missed })
    if (missed !== PATIENCE) return
    log.error('worker does not answer; it is ended', { worker: worker.index })
    const deadline = setTimeout(giveUp, TERMINATION_MILLISECONDS)
    void worker.terminate().finally(() => clearTimeout(deadline))
  }
  const timer = setInterval(() => workers.forEach(look), LOOK_EVERY)
  return () => clearInterval(timer)
}
