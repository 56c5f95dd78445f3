import { parentPort, workerData } from 'node:worker_threads'
import { SharedReads } from '../net/static-read.ts'
import { TICK_MILLISECONDS } from '../net/wheel.ts'
import { watchLoopDelay } from '../telemetry/loop-delay.ts'
import { portLog } from '../telemetry/port-log.ts'
import { DataPlane } from './data-plane.ts'
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts'

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
    if (message.type === 'facts') plane.learned(message.facts)
    else drain(plane, message.milliseconds, log)
  })
  try {
    await plane.open(start.listeners)
    post({ type: 'listening' })
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    post({ type: 'listen_failed', code, message: (error as Error).message })
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
