import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { SeenHellos } from './seen-hellos.ts'

test('the second of the same is known to every worker, for three seconds', () => {
  const shared = new SharedArrayBuffer(SeenHellos.BYTES)
  const [one, other] = [new SeenHellos(shared), new SeenHellos(shared)]
  const random = randomBytes(32)
  expect(one.isSecond(random, 1_700_000_000)).toBe(false)
  expect(other.isSecond(random, 1_700_000_001)).toBe(true)
  expect(one.isSecond(random, 1_700_000_004)).toBe(true)
  expect(one.isSecond(random, 1_700_000_008)).toBe(false)
})

test('different ones are not the same', () => {
  const seen = new SeenHellos(new SharedArrayBuffer(SeenHellos.BYTES))
  for (let time = 0; time < 20_000; time++) expect(seen.isSecond(randomBytes(32), 1_700_000_000)).toBe(false)
})
