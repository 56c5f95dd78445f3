import { describe, expect, test } from 'vitest'
import { UsageRows } from './usage-rows.ts'

const ROWS = 3
const nobody = {
  up: 0,
  down: 0,
  sessions: 0,
  firstSeen: 0,
  lastSeen: 0,
  listener: undefined,
  site: undefined,
}

function usageRows(users = 3) {
  const shared = new SharedArrayBuffer(UsageRows.bytes(users, ROWS))
  return { shared, usage: new UsageRows(shared, ROWS) }
}

describe('usage in shared memory', () => {
  test('is nothing at first', () => {
    const { usage } = usageRows()
    expect(usage.users).toBe(3)
    for (const user of [0, 1, 2]) expect(usage.read(user)).toEqual(nobody)
  })

  test('sums the workers and leaves the neighbours alone', () => {
    const { usage } = usageRows()
    const [one, two] = [usage.row(1), usage.row(2)]
    one.opened(1, 100_000, { listener: 0, site: 2 })
    two.opened(1, 90_999, { listener: 1, site: 0 })
    one.add(1, 5, 50, 110)
    two.add(1, 2 ** 40, 1, 120)
    expect(usage.read(1)).toEqual({
      up: 2 ** 40 + 5,
      down: 51,
      sessions: 2,
      firstSeen: 90,
      lastSeen: 120,
      // Of the session that began last.
      listener: 0,
      site: 2,
    })
    expect([usage.read(0), usage.read(2)]).toEqual([nobody, nobody])
  })

  test.each([1, 2])('of two sessions of one second the later one is the last (worker %i)', (later) => {
    const { usage } = usageRows()
    usage.row(later).opened(0, 100_002, { listener: 1, site: 1 })
    usage.row(3 - later).opened(0, 100_001, { listener: 0, site: 0 })
    expect(usage.read(0)).toMatchObject({ firstSeen: 100, lastSeen: 100, listener: 1, site: 1 })
  })

  test('a replacement goes on in the row of the worker that died', () => {
    const { shared, usage } = usageRows()
    usage.row(2).add(0, 1, 2, 10)
    new UsageRows(shared, ROWS).row(2).add(0, 3, 4, 11)
    expect(usage.read(0)).toMatchObject({ up: 4, down: 6, lastSeen: 11 })
  })

  test('what earlier runs left is the baseline, set as often as it is learned', () => {
    const { usage } = usageRows()
    usage.row(1).opened(2, 500_000, { listener: 0, site: 0 })
    usage.row(1).add(2, 1, 1, 500)
    const earlier = { up: 10, down: 20, sessions: 4, firstSeen: 50, lastSeen: 400, listener: 3, site: 3 }
    usage.setBaseline(2, earlier)
    usage.setBaseline(2, { ...earlier, up: 100 })
    expect(usage.read(2)).toEqual({
      up: 101,
      down: 21,
      sessions: 5,
      firstSeen: 50,
      lastSeen: 500,
      listener: 0,
      site: 0,
    })
    const sums = { up: 0, down: 0, sessions: 0 }
    usage.readThisRun(2, sums)
    expect(sums).toEqual({ up: 1, down: 1, sessions: 1 })
  })

  test('who was not seen in this run is where the last run saw him', () => {
    const { usage } = usageRows()
    const earlier = { up: 1, down: 2, sessions: 3, firstSeen: 50, lastSeen: 60, listener: 1, site: 0 }
    usage.setBaseline(0, earlier)
    expect(usage.read(0)).toEqual(earlier)
  })
})
