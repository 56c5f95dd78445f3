import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReplaySet } from './replay-set.ts'

const SKEW = 600
const NOW = 1_795_347_266

function replaySet(slots = 1024): ReplaySet {
  return new ReplaySet(new SharedArrayBuffer(ReplaySet.bytes(SKEW, slots)), SKEW)
}

describe('ReplaySet', () => {
  test('the first is fresh, every copy is a replay, on both sides of the clock window', () => {
    const set = replaySet()
    for (const offset of [-SKEW, -1, 0, 1, SKEW]) {
      const digest = randomBytes(32)
      expect(set.insert(digest, NOW + offset)).toBe('fresh')
      expect(set.insert(digest, NOW + offset)).toBe('replay')
    }
  })

  test('agrees with a model for as long as a hello can be valid', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ id: fc.nat(40), step: fc.nat(30) }), { maxLength: 200 }),
        (arrivals) => {
          const set = replaySet(4096)
          const seen = new Map<number, number>()
          let now = NOW
          for (const { id, step } of arrivals) {
            now += step
            const digest = Buffer.alloc(32, 0)
            digest.writeUInt32LE(((id + 1) * 2_654_435_761) % 0xffffffff, 0)
            digest.writeUInt32LE(id * 40_503, 8)
            // A hello carries one time for ever; it can be tried while that is inside the window.
            const time = NOW + id * 20
            if (Math.abs(time - now) > SKEW) continue
            expect(set.insert(digest, time)).toBe(seen.has(id) ? 'replay' : 'fresh')
            seen.set(id, now)
          }
        },
      ),
    )
  })

  test('a table is used again when its span can no longer be valid', () => {
    const set = replaySet(64)
    for (let second = 0; second < 40 * 64; second++) {
      const digest = randomBytes(32)
      expect(set.insert(digest, NOW + second)).toBe('fresh')
      expect(set.insert(digest, NOW + second)).toBe('replay')
    }
  })

  test('a full place says so and takes no other entry out', () => {
    const set = replaySet(16)
    const digests = Array.from({ length: 16 }, () => randomBytes(32))
    for (const digest of digests) expect(set.insert(digest, NOW)).toBe('fresh')
    expect(set.insert(randomBytes(32), NOW)).toBe('full')
    for (const digest of digests) expect(set.insert(digest, NOW)).toBe('replay')
  })

  test('has room for as many hellos as were asked for, spread over the window', () => {
    const slots = ReplaySet.slotsFor(6000, SKEW)
    const set = replaySet(slots)
    const forgotten = Array.from({ length: 6000 }, (_, n) => NOW - SKEW + (n % (2 * SKEW))).filter(
      (time) => set.insert(randomBytes(32), time) !== 'fresh',
    )
    // A table filled to the last slot has places that are full.
    expect(forgotten.length).toBeLessThan(300)
    expect(ReplaySet.bytes(SKEW, slots)).toBeLessThan(6000 * 8 * 1.25)
    expect(ReplaySet.slotsFor(1000, 0)).toBe(1000)
  })

  test('of the same hellos at two threads exactly one each wins', async () => {
    const shared = new SharedArrayBuffer(ReplaySet.bytes(SKEW, 8192))
    const digests = randomBytes(32 * 4000)
    const source = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(workerData.module).then(({ ReplaySet }) => {
        const set = new ReplaySet(workerData.shared, ${SKEW})
        const gate = new Int32Array(workerData.gate)
        Atomics.add(gate, 0, 1)
        while (Atomics.load(gate, 0) < 2);
        const fresh = []
        for (let at = 0; at < workerData.digests.length; at += 32)
          if (set.insert(workerData.digests.subarray(at, at + 32), ${NOW}) === 'fresh') fresh.push(at)
        parentPort.postMessage(fresh)
      })`
    const gate = new SharedArrayBuffer(4)
    const module = new URL('./replay-set.ts', import.meta.url).href
    const run = () =>
      new Promise<number[]>((resolve, reject) => {
        const worker = new Worker(source, { eval: true, workerData: { shared, digests, gate, module } })
        worker.once('message', resolve)
        worker.once('error', reject)
      })
    const winners = (await Promise.all([run(), run()])).flat()
    expect(winners.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 4000 }, (_, i) => i * 32))
  })
})
