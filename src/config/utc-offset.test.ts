import { describe, expect, test } from 'vitest'
import { parseUtcOffset } from './utc-offset.ts'

describe('an offset from UTC', () => {
  test.each([
    ['+00:00', 0],
    ['-00:00', 0],
    ['+03:00', 10_800_000],
    ['-05:30', -19_800_000],
    ['+14:00', 50_400_000],
    ['-12:00', -43_200_000],
  ])('%s is %d ms', (text, value) => {
    expect(parseUtcOffset(text)).toEqual({ ok: true, value })
  })

  test.each(['', '3', '+3:00', '+03', 'UTC', '+03:60', '+14:01', '-12:30', '03:00'])(
    '%j is refused',
    (text) => {
      expect(parseUtcOffset(text).ok).toBe(false)
    },
  )
})
