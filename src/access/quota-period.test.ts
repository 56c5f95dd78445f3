import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { periodStart, type QuotaPeriod } from './quota-period.ts'

const DAY = 86_400

const at = (text: string) => Date.parse(text) / 1000

function startOf(period: QuotaPeriod, now: string, offsetSeconds = 0, firstSeen = 0): string {
  const start = periodStart(period, { nowSeconds: at(now), offsetSeconds, firstSeen })
  return new Date(start * 1000).toISOString().slice(0, 19)
}

describe('a month', () => {
  test.each([
    [1, '2026-11-22T10:00:00Z', '2026-11-01T00:00:00'],
    [22, '2026-11-22T00:00:00Z', '2026-11-22T00:00:00'],
    [23, '2026-11-22T23:59:59Z', '2026-10-23T00:00:00'],
    [31, '2026-02-27T12:00:00Z', '2026-01-31T00:00:00'],
    [31, '2026-02-28T12:00:00Z', '2026-02-28T00:00:00'],
    [30, '2028-02-28T12:00:00Z', '2028-01-30T00:00:00'],
    [30, '2028-02-29T12:00:00Z', '2028-02-29T00:00:00'],
    [29, '2100-02-28T12:00:00Z', '2100-02-28T00:00:00'],
    [15, '2027-01-03T12:00:00Z', '2026-12-15T00:00:00'],
  ])('from day %i, at %s', (resetDay, now, start) => {
    expect(startOf({ kind: 'month', resetDay }, now)).toBe(start)
  })

  test('begins where the operator lives', () => {
    const month = { kind: 'month', resetDay: 1 } as const
    expect(startOf(month, '2026-11-30T21:30:00Z', 3 * 3600)).toBe('2026-11-30T21:00:00')
    expect(startOf(month, '2026-12-01T02:00:00Z', -5 * 3600)).toBe('2026-11-01T05:00:00')
  })
})

test('a week begins on its day, Monday = 1', () => {
  // 2026-11-22 is a Sunday.
  expect(startOf({ kind: 'week', resetDay: 1 }, '2026-11-22T10:00:00Z')).toBe('2026-11-16T00:00:00')
  expect(startOf({ kind: 'week', resetDay: 7 }, '2026-11-22T10:00:00Z')).toBe('2026-11-22T00:00:00')
})

test('a span is counted from the first use', () => {
  const span = { kind: 'span', seconds: 30 * DAY } as const
  const firstSeen = at('2026-01-10T08:30:00Z')
  expect(startOf(span, '2026-02-09T08:29:59Z', 0, firstSeen)).toBe('2026-01-10T08:30:00')
  expect(startOf(span, '2026-02-09T08:30:00Z', 0, firstSeen)).toBe('2026-02-09T08:30:00')
  expect(periodStart(span, { nowSeconds: firstSeen, offsetSeconds: 0, firstSeen: 0 })).toBe(0)
})

test('never is one period', () => {
  expect(periodStart({ kind: 'never' }, { nowSeconds: 9e9, offsetSeconds: 0, firstSeen: 5 })).toBe(0)
})

/** The calendar day of a local day number, read off the text of a date. */
function calendar(day: number): { day: number; weekday: number; isLast: boolean } {
  const text = (n: number) => Number(new Date(n * DAY * 1000).toISOString().slice(8, 10))
  return {
    day: text(day),
    weekday: new Date(day * DAY * 1000).getUTCDay() || 7,
    isLast: text(day + 1) === 1,
  }
}

/** Walks back from today to the first day that a calendar on the wall would call a beginning. */
function naiveStart(period: QuotaPeriod, nowSeconds: number, offsetSeconds: number): number {
  for (let day = Math.floor((nowSeconds + offsetSeconds) / DAY); ; day--) {
    const { day: ofMonth, weekday, isLast } = calendar(day)
    const begins =
      period.kind === 'day' ||
      (period.kind === 'week' && weekday === period.resetDay) ||
      (period.kind === 'month' && (ofMonth === period.resetDay || (isLast && ofMonth < period.resetDay)))
    if (begins) return day * DAY - offsetSeconds
  }
}

test('any period at any time, as a calendar on the wall says', () => {
  const period = fc.oneof(
    fc.record({ kind: fc.constant('month' as const), resetDay: fc.integer({ min: 1, max: 31 }) }),
    fc.record({ kind: fc.constant('week' as const), resetDay: fc.integer({ min: 1, max: 7 }) }),
    fc.constant({ kind: 'day' as const }),
  )
  const seconds = fc.integer({ min: at('2000-01-01T00:00:00Z'), max: at('2105-01-01T00:00:00Z') })
  const offset = fc.integer({ min: -12 * 60, max: 14 * 60 }).map((minutes) => minutes * 60)
  fc.assert(
    fc.property(period, seconds, offset, (kind, nowSeconds, offsetSeconds) => {
      const start = periodStart(kind, { nowSeconds, offsetSeconds, firstSeen: 0 })
      expect(start).toBe(naiveStart(kind, nowSeconds, offsetSeconds))
    }),
    { numRuns: 500 },
  )
})

test('a span at any time holds it, and spans follow each other without a gap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 * DAY }),
      fc.integer({ min: 1, max: 4e9 }),
      fc.integer({ min: 0, max: 1e9 }),
      (seconds, firstSeen, since) => {
        const span = { kind: 'span', seconds } as const
        const nowSeconds = firstSeen + since
        const start = periodStart(span, { nowSeconds, offsetSeconds: 0, firstSeen })
        expect(start).toBe(firstSeen + Math.floor(since / seconds) * seconds)
      },
    ),
  )
})
