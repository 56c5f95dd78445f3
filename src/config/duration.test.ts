import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

test.each([
  ['500us', 0.5],
  ['0s', 0],
  ['1.5s', 1500],
  ['30s', 30_000],
  ['30 s', 30_000],
  ['10m', 600_000],
  ['6h', 21_600_000],
  ['30d', 2_592_000_000],
  ['2w', 1_209_600_000],
  ['1y', 31_536_000_000],
  ['0.3ms', 0.3],
])('%s', (text, milliseconds) => {
  expect(parseDuration(text)).toEqual({ ok: true, value: milliseconds })
})

test.each([
  ['', 'not a duration'],
  ['30', 'lacks a unit: write "30s"'],
  ['10M', '"M" is not a unit of time'],
  ['-5s', 'not a duration'],
  ['1h30m', 'not a duration'],
  ['soon', 'not a duration'],
  ['1e3s', 'not a duration'],
  ['5 constructor', 'not a unit of time'],
])('%s is refused', (text, message) => {
  expect(parseDuration(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
})

test('what is formatted reads back as the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (microseconds) => {
      const milliseconds = microseconds / 1000
      expect(parseDuration(formatDuration(milliseconds))).toEqual({ ok: true, value: milliseconds })
    }),
  )
})
