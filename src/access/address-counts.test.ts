import { describe, expect, test } from 'vitest'
import { inTwoThreads } from '../../test/doubles/two-threads.ts'
import { AddressCounts } from './address-counts.ts'

const SLOTS = 256

function tables(workers = 2, slots = SLOTS) {
  const shared = new SharedArrayBuffer(AddressCounts.bytes(slots, workers))
  const of = (worker: number) => new AddressCounts(shared, { workers, worker }, 'seed')
  return { shared, of }
}

describe('AddressCounts', () => {
  test('counts over workers, IPv6 by its /64', () => {
    const { of } = tables()
    const claims = [of(1).claim('192.0.2.1', 2), of(2).claim('192.0.2.1', 2), of(2).claim('192.0.2.1', 2)]
    expect(claims.map((claim) => AddressCounts.refused(claim))).toEqual([false, false, true])
    expect(AddressCounts.refused(of(1).claim('192.0.2.2', 2))).toBe(false)
    const v6 = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'].map((address) => of(1).claim(address, 1))
    expect(v6.map((claim) => AddressCounts.refused(claim))).toEqual([false, true, false])
    of(1).release(claims[0]!)
    expect(AddressCounts.refused(of(2).claim('192.0.2.1', 2))).toBe(false)
  })

  test('a unix socket has no address, and no limit', () => {
    const { of } = tables()
    for (let n = 0; n < 5; n++) expect(AddressCounts.refused(of(1).claim('', 1))).toBe(false)
  })

  test('what a dead worker counted is void, and free slots serve others', () => {
    const { of } = tables()
    for (let n = 0; n < 100; n++) of(1).claim(`192.0.2.${n}`, 1)
    const alive = of(2).claim('198.51.100.1', 1)
    expect(AddressCounts.refused(of(2).claim('192.0.2.5', 1))).toBe(true)
    of(0).forget(1)
    expect(AddressCounts.refused(of(2).claim('192.0.2.5', 1))).toBe(false)
    expect(of(2).total(alive)).toBe(1)
    for (let n = 0; n < 100; n++) expect(of(1).total(of(1).claim(`203.0.113.${n}`, 1))).toBe(1)
  })

  test('a full table limits nobody', () => {
    const { of } = tables(1, 64)
    const claims = Array.from({ length: 300 }, (_, n) => of(1).claim(`10.0.${n >> 8}.${n & 255}`, 1))
    expect(claims.some((claim) => AddressCounts.refused(claim))).toBe(false)
    expect(claims.some((claim) => claim < 0)).toBe(true)
  })

  test('two threads that come and go leave nothing behind', async () => {
    const { shared } = tables()
    const module = new URL('./address-counts.ts', import.meta.url).href
    await inTwoThreads(
      `
      const { AddressCounts } = await import(data.module)
      const counts = new AddressCounts(data.shared, { workers: 2, worker: data.worker }, 'seed')
      const held = []
      together()
      for (let i = 0; i < 30_000; i++) {
        held.push(counts.claim('10.0.0.' + (i * 7) % 200, 3))
        if (held.length > 50) counts.release(held.shift())
      }
      for (const claim of held) counts.release(claim)
      report(0)
      `,
      { shared, module },
    )
    const counts = new Int32Array(shared).filter((_, at) => at % 3 !== 0)
    expect(counts.every((count) => count === 0)).toBe(true)
  }, 60_000)
})
