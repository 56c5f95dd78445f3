/** Preloaded into portico: on SIGUSR2 its first worker meets a fault that nobody catches. */
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads'

const FIRST = 1

if (isMainThread) {
  process.on('SIGUSR2', () => {
    const channel = new BroadcastChannel('dying-worker')
    channel.postMessage('die')
    channel.close()
  })
} else if ((workerData as { index?: number } | null)?.index === FIRST) {
  const channel = new BroadcastChannel('dying-worker')
  channel.addEventListener('message', () => {
    setImmediate(() => {
      throw new Error('a fault that a test wanted')
    })
  })
  channel.unref()
}
