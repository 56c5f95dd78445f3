import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { allocateCounters, readTotal } from './counters.ts'

const COUNTERS = JSON.stringify(new URL('./counters.ts', import.meta.url).href)
const SOURCE = `
  import { workerData } from 'node:worker_threads'
  const { Counters } = await import(${COUNTERS})
  const counters = new Counters(workerData.shared, workerData.row)
  for (let i = 0; i < 100_000; i++) counters.handshakes.add(1, 'ok')
`

test('no count is lost when threads count at the same time', async () => {
  const shared = allocateCounters(3)
  const ends = [1, 2].map((row) => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`), {
      workerData: { shared, row },
    })
    return new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
  })
  expect(await Promise.all(ends)).toEqual([0, 0])
  expect(readTotal(shared, 'handshakes', 'ok')).toBe(200_000)
})
