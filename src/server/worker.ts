import { parentPort, workerData } from 'node:worker_threads'
import { SharedReads } from '../net/static-read.ts'
import { TICK_MILLISECONDS } from '../net/wheel.ts'
import { watchLoopDelay } from '../telemetry/loop-delay.ts'
import { portLog } from '../telemetry/port-log.ts'
import { DataPlane } from './data-plane.ts'
import type { FromWorker, ToWorker, WorkerSettings, WorkerStart } from './messages.ts'
import { ListenError } from './open-listeners.ts'

const LOOP_DELAY_MILLISECONDS = 5000

/** The entry of a data-plane thread. */
async function main(port: NonNullable<typeof parentPort>, start: WorkerStart): Promise<void> {
  const post = (message: FromWorker) => port.postMessage(message)
  const log = portLog(port, { level: start.logLevel, fields: { worker: start.index } })
  const reads = new SharedReads()
  const staticReads = await reads.probe()
  if (!staticReads) log.warn('accepted sockets cannot be read into the shared buffer; relaying costs more')

  const plane = new DataPlane(start, { log, reads, now: () => performance.now(), post })
  plane.counters.staticReads.set(staticReads ? 1 : 0)
  const loopDelay = watchLoopDelay(plane.counters)
  setInterval(() => loopDelay.publish(), LOOP_DELAY_MILLISECONDS)

  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    plane.advance(now - last)
    last = now
  }, TICK_MILLISECONDS)

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'facts':
        return plane.learned(message.facts)
      case 'profiles':
        return plane.recorded(message.profiles)
      case 'prepare':
        return void prepare(plane, message.settings, post)
      case 'commit':
        return log.setLevel(plane.commit(message.generation)?.logLevel ?? log.level)
      case 'discard':
        return plane.discard()
      case 'lists':
        return plane.offerLists(message.published)
      case 'middle':
        return plane.learnedMiddle(message.knowledge)
      case 'drain':
        return drain(plane, message.milliseconds, log)
    }
  })
  try {
    await plane.open()
    post({ type: 'listening', generation: start.generation })
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    post({ type: 'listen_failed', code: error.code, endpoint: error.endpoint })
  }
}

async function prepare(
  plane: DataPlane,
  settings: WorkerSettings,
  post: (message: FromWorker) => void,
): Promise<void> {
  const { generation } = settings
  try {
    await plane.prepare(settings)
    post({ type: 'prepared', generation })
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    post({ type: 'prepare_failed', generation, code: error.code, endpoint: error.endpoint })
  }
}

/** Accepts nothing more and leaves when the last connection is gone, or when the time is up. */
function drain(plane: DataPlane, milliseconds: number, log: { flush(): void }): void {
  plane.stopAccepting()
  const deadline = performance.now() + milliseconds
  setInterval(() => {
    if (plane.connections > 0 && performance.now() < deadline) return
    plane.cutAll()
    // The cuts' resets leave before the thread does.
    log.flush()
    setImmediate(() => process.exit(0))
  }, TICK_MILLISECONDS)
}

if (!parentPort) throw new Error('this file is the entry of a worker thread')
await main(parentPort, workerData as WorkerStart)
