import { expect, test } from 'vitest'
import { parseInstant } from './instant.ts'

test.each([
  ['2027-01-31T12:00:00Z', '2027-01-31T12:00:00.000Z'],
  ['2027-01-31 12:00:00z', '2027-01-31T12:00:00.000Z'],
  ['2027-01-31T12:00:00+03:00', '2027-01-31T09:00:00.000Z'],
  ['2028-02-29T23:59:59.5-00:30', '2028-03-01T00:29:59.500Z'],
  ['2027-01-31T12:00Z', '2027-01-31T12:00:00.000Z'],
])('%s', (text, expected) => {
  expect(parseInstant(text)).toEqual({ ok: true, value: Date.parse(expected) })
})

test.each([
  ['2027-01-31', 'write 2027-01-31T00:00:00Z'],
  ['2027-01-31T12:30:00', 'write 2027-01-31T12:30:00Z'],
  ['2027-13-31T12:00:00Z', 'is not a time'],
  ['tomorrow', 'is not a time'],
  ['', 'is not a time'],
])('%j is refused', (text, message) => {
  expect(parseInstant(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
})
