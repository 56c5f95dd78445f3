import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readByteRange } from './byte-range.ts'

test.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=2-', { start: 2, end: 9 }],
  ['bytes=2-100', { start: 2, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-100', { start: 0, end: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-2', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,3-4', undefined],
  ['lines=0-1', undefined],
  ['bytes=99999999999999999999-', undefined],
  [undefined, undefined],
])('%s of ten bytes', (header, range) => expect(readByteRange(header, 10)).toEqual(range))

test('a range is never outside of what there is', () => {
  const header = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.option(fc.nat(50), { nil: '' }), fc.option(fc.nat(50), { nil: '' }))
      .map(([a, b]) => `bytes=${a}-${b}`),
  )
  fc.assert(
    fc.property(header, fc.nat(40), (text, size) => {
      const range = readByteRange(text, size)
      if (range === undefined || range === 'unsatisfiable') return
      expect(0 <= range.start && range.start <= range.end && range.end < size).toBe(true)
    }),
  )
})
