import { expect, test } from 'vitest'
import { Health } from './health.ts'

test('rests longer with every failure, one tries when the rest is over, and success ends it', () => {
  const health = new Health()
  expect(health.rests('a', 0)).toBe(false)
  health.failed('a', 0)
  expect(health.rests('a', 4999)).toBe(true)
  expect(health.rests('b', 4999)).toBe(false)
  expect(health.rests('a', 5000)).toBe(false)
  expect(health.rests('a', 5001)).toBe(true)
  health.failed('a', 5100)
  expect(health.rests('a', 15_000)).toBe(true)
  expect(health.rests('a', 15_100)).toBe(false)
  for (let n = 0; n < 20; n++) health.failed('a', 20_000)
  expect(health.rests('a', 79_999)).toBe(true)
  expect(health.rests('a', 80_000)).toBe(false)
  health.worked('a')
  expect(health.isAiling('a')).toBe(false)
  expect(health.rests('a', 80_001)).toBe(false)
})
