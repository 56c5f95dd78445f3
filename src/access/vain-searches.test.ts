import { expect, test } from 'vitest'
import { VainSearches } from './vain-searches.ts'

const SPAN = 300
const NOW = 1_795_347_300

test('counts by address, for all who share it, and forgets with time', () => {
  const shared = new SharedArrayBuffer(VainSearches.bytes)
  const clock = { now: NOW }
  const [one, other] = [0, 1].map(() => new VainSearches(shared, 'seed', () => clock.now))
  for (let n = 0; n < 5; n++) one!.add('198.51.100.4', 1)
  other!.add('198.51.100.4', -1)
  expect(other!.of('198.51.100.4')).toBe(4)
  expect(other!.of('198.51.100.5')).toBe(0)
  clock.now += SPAN
  expect(one!.of('198.51.100.4')).toBe(2)
  one!.add('198.51.100.4', 1)
  expect(one!.of('198.51.100.4')).toBe(3)
  clock.now += 2 * SPAN
  expect(one!.of('198.51.100.4')).toBe(0)
})

test('never counts below none, nor beyond its bits', () => {
  const vain = new VainSearches(new SharedArrayBuffer(VainSearches.bytes), 'seed', () => NOW)
  vain.add('192.0.2.1', -1)
  expect(vain.of('192.0.2.1')).toBe(0)
  for (let n = 0; n < 300; n++) vain.add('192.0.2.1', 1)
  expect(vain.of('192.0.2.1')).toBe(255)
})
