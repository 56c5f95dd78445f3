import { describe, expect, test } from 'vitest'
import { inTwoThreads } from '../../test/doubles/two-threads.ts'
import { QuotaWords } from './quota-words.ts'

describe('QuotaWords', () => {
  test('a later start begins anew, an earlier one does not', () => {
    const words = new QuotaWords(new SharedArrayBuffer(QuotaWords.bytes(2)))
    expect(words.add(1, 100)).toBe(0)
    expect(words.begin(1, 1000)).toBe(false)
    expect(words.read(1)).toEqual({ start: 1000, used: 100 })
    expect(words.begin(1, 900)).toBe(false)
    expect(words.begin(1, 1000)).toBe(false)
    expect(words.add(1, 5)).toBe(100)
    expect(words.begin(1, 2000)).toBe(true)
    expect(words.read(1)).toEqual({ start: 2000, used: 0 })
    expect(words.used(0)).toBe(0)
  })

  test('what earlier runs know only adds', () => {
    const words = new QuotaWords(new SharedArrayBuffer(QuotaWords.bytes(1)))
    words.add(0, 10)
    words.raise(0, 2 ** 45)
    expect(words.used(0)).toBe(2 ** 45)
    words.raise(0, 5)
    expect(words.used(0)).toBe(2 ** 45)
  })

  test('two threads lose no byte, and exactly one of their reads crosses the limit', async () => {
    const shared = new SharedArrayBuffer(QuotaWords.bytes(1))
    const module = new URL('./quota-words.ts', import.meta.url).href
    const limit = 3_000_000
    const results = await inTwoThreads<{ went: number; crossed: number }>(
      `
      const { QuotaWords } = await import(data.module)
      const words = new QuotaWords(data.shared)
      let went = 0
      let crossed = 0
      together()
      for (let i = 0; i < 100_000; i++) {
        const bytes = 1 + (i % 97)
        const before = words.add(0, bytes)
        if (before >= data.limit) {
          words.giveBack(0, bytes)
          break
        }
        went += bytes
        if (before + bytes >= data.limit) crossed++
      }
      report({ went, crossed })
      `,
      { shared, module, limit },
    )
    const went = results[0].went + results[1].went
    expect(results[0].crossed + results[1].crossed).toBe(1)
    expect(went).toBe(new QuotaWords(shared).used(0))
    expect(went).toBeGreaterThanOrEqual(limit)
    expect(went).toBeLessThan(limit + 97)
  })
})
