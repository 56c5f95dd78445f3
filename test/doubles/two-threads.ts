import { Worker } from 'node:worker_threads'

/**
 * Runs the same lines in two real threads at the same time. They see `data` (with `data.worker`, 1 or 2), may import by
 * `data.modules`, and end with `report(value)`.
 */
export async function inTwoThreads<T>(source: string, data: Record<string, unknown>): Promise<[T, T]> {
  const gate = new SharedArrayBuffer(4)
  const text = `
    import { parentPort, workerData as data } from 'node:worker_threads'
    const report = (value) => parentPort.postMessage(value)
    const gate = new Int32Array(data.gate)
    const together = () => {
      Atomics.add(gate, 0, 1)
      while (Atomics.load(gate, 0) < 2);
    }
    ${source}
  `
  const run = (worker: number) =>
    new Promise<T>((resolve, reject) => {
      const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`), {
        workerData: { ...data, gate, worker },
      })
      thread.once('message', resolve).once('error', reject)
    })
  return Promise.all([run(1), run(2)])
}
