import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { allocateCounters, Counters, readTotals } from './counters.ts'
import { watchLoopDelay } from './loop-delay.ts'

function delayOf(shared: SharedArrayBuffer): readonly number[] {
  const totals = readTotals(shared).find(({ metric }) => metric.name === 'event_loop_delay_seconds')
  return totals?.series[0]?.numbers ?? []
}

test('a blocked loop shows, and the next interval forgets it', async () => {
  const shared = allocateCounters(2)
  const watch = watchLoopDelay(new Counters(shared, 1))
  await sleep(50)
  const until = performance.now() + 400
  while (performance.now() < until);
  await sleep(100)
  watch.publish()
  const [median = 0, , max = 0, sum = 0, count = 0] = delayOf(shared)
  expect(max).toBeGreaterThan(0.3)
  expect(median).toBeLessThan(max)
  expect(sum).toBeGreaterThan(0.3)
  expect(count).toBeGreaterThan(0)
  await sleep(100)
  watch.publish()
  watch.stop()
  const after = delayOf(shared)
  expect(after[2]).toBeLessThan(max)
  expect(after[3]).toBeGreaterThanOrEqual(sum)
  expect(after[4]).toBeGreaterThan(count)
})

test('nothing seen, nothing published', () => {
  const shared = allocateCounters(2)
  const watch = watchLoopDelay(new Counters(shared, 1))
  watch.publish()
  watch.stop()
  expect(delayOf(shared)).toEqual([0, 0, 0, 0, 0])
})
