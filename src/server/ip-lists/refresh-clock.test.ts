import { describe, expect, test } from 'vitest'
import { firstRefresh, nextRefresh } from './refresh-clock.ts'

const HOUR = 3_600_000

describe('when a list is fetched again', () => {
  test('after the configured time, a tenth more or less', () => {
    expect([0, 0.5, 1].map((random) => nextRefresh(HOUR, 0, random) / HOUR)).toEqual([0.9, 1, 1.1])
  })

  test('soon after a failure, then later and later, never later than usual', () => {
    const waits = [1, 2, 3, 4, 10, 20, 2000].map((failures) => nextRefresh(HOUR, failures, 0.5))
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 2_560_000, HOUR, HOUR])
  })
})

describe('when it is fetched first', () => {
  test('at once where there is no copy, or an old one', () => {
    expect(firstRefresh(HOUR, undefined, 0, 0.5)).toBe(0)
    expect(firstRefresh(HOUR, 1000, 1000 + 2 * HOUR, 0.5)).toBe(0)
  })

  test('when the copy has its age', () => {
    expect(firstRefresh(HOUR, 1000, 1000 + HOUR / 4, 0.5)).toBe((HOUR * 3) / 4)
  })

  test('no later than usual where the clock was set back', () => {
    expect(firstRefresh(HOUR, 10 * HOUR, 0, 0.5)).toBe(HOUR)
  })
})
