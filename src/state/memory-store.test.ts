import { describe, expect, test } from 'vitest'
import { batch, dayOf, periodOf, totals, usageStoreCompliance } from '../../test/compliance/usage-store.ts'
import { MemoryStore } from './memory-store.ts'

usageStoreCompliance('in memory', () => new MemoryStore())

describe('what is kept in memory', () => {
  test('can be written somewhere else, once', async () => {
    const store = new MemoryStore()
    expect(store.isEmpty).toBe(true)
    const rows = batch({
      users: [totals('alice')],
      days: [dayOf('alice', 1)],
      periods: [periodOf('alice', 2)],
    })
    await store.write(rows)
    await store.write(rows)
    expect(store.contents()).toEqual(rows)
    store.clear()
    expect(store.isEmpty).toBe(true)
  })
})
