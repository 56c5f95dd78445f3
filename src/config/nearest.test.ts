import { expect, test } from 'vitest'
import { editDistance, nearest } from './nearest.ts'

test.each([
  ['secert', 'secret', 1],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['same', 'same', 0],
])('from %s to %s', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance)
  expect(editDistance(b, a)).toBe(distance)
})

test('the nearest word, or none', () => {
  expect(nearest('Domian', ['address', 'domain', 'root'])).toBe('domain')
  expect(nearest('quux', ['address', 'domain', 'root'])).toBeUndefined()
  expect(nearest('rot', ['to', 'root'])).toBe('root')
})
