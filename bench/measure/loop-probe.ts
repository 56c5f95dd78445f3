/** Preloaded into every thread of a subject: how long its event loop was at work without looking at its timers. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId, workerData } from 'node:worker_threads'

/** Where a worker's lines go, one each `PUBLISH`: milliseconds of the clock, and the longest stretch of CPU since the last. */
const folder = new URL(import.meta.url).searchParams.get('folder')
const LOOK = 1
const PUBLISH = 250

// The data plane's threads alone are started with a number of their own.
if (folder !== null && typeof workerData?.index === 'number') {
  const file = join(folder, `worker-${threadId}`)
  let last = process.threadCpuUsage()
  let most = 0
  let published = performance.now()
  // CPU time of the thread, not time: what the system gives to others meanwhile is not the loop's fault.
  setInterval(() => {
    const now = process.threadCpuUsage()
    most = Math.max(most, now.user + now.system - last.user - last.system)
    last = now
    if (performance.now() - published < PUBLISH) return
    published = performance.now()
    appendFileSync(file, `${Date.now()} ${most}\n`)
    most = 0
  }, LOOK).unref()
}
