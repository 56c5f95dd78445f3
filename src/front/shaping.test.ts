import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { shapingOf } from './shaping.ts'

const dependencies = { random: (n: number) => randomBytes(n), after: () => {} }

test('nothing is shaped unless it was asked for, and then only that', () => {
  const parts = (['off', 'timing', 'length', 'both'] as const).map((choice) => {
    const shaping = shapingOf(choice, dependencies)
    return [choice, shaping?.hold !== undefined, shaping?.padding !== undefined]
  })
  expect(parts).toEqual([
    ['off', false, false],
    ['timing', true, false],
    ['length', false, true],
    ['both', true, true],
  ])
  expect(shapingOf('off', dependencies)).toBeUndefined()
})

test('the hold is 30 to 60 milliseconds, both included', () => {
  const hold = (n: number) => {
    const random = () => Buffer.from(Uint32Array.of(n).buffer)
    return shapingOf('timing', { ...dependencies, random })!.hold!()
  }
  expect([hold(0), hold(30), hold(31), hold(0xffffffff)]).toEqual([30, 60, 30, 30 + (0xffffffff % 31)])
})

test.each([
  [0, 0],
  [1, 512],
  [512, 512],
  [513, 1024],
  [2049, 4096],
  [4096, 4096],
  [4097, 4097],
  [1_000_000, 1_000_000],
])('%i bytes of a client become %i', (said, padded) => {
  expect(said + shapingOf('length', dependencies)!.padding!(said).length).toBe(padded)
})
