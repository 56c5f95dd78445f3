import { expect, test } from 'vitest'
import { forwardConfirmedName, type NameLookups, whereabouts } from './reverse-name.ts'

const lookups: NameLookups = {
  names: async (address) => (address === '203.0.113.7' ? ['lies.example', 'Static.7.example.'] : []),
  addresses: async (name) =>
    ({ 'lies.example': ['198.51.100.1'], 'static.7.example': ['2001:db8::7', '203.0.113.7'] })[name] ?? [],
}

test('only a name that leads back counts', async () => {
  expect(await forwardConfirmedName('203.0.113.7', lookups)).toBe('static.7.example')
  expect(await forwardConfirmedName('203.0.113.8', lookups)).toBeUndefined()
})

test.each([
  ['static.7.example', 'here'],
  ['lies.example', 'elsewhere'],
  ['nothing.example', 'nowhere'],
])('%s is %s', async (name, expected) => {
  expect(await whereabouts(name, ['203.0.113.7'], lookups)).toBe(expected)
})
