import { expect, test } from 'vitest'
import { UnwatchedLegs } from './unwatched-legs.ts'

test('a leg is asked each tick at first, then each second, until it is forgotten', () => {
  const legs = new UnwatchedLegs()
  const asked: number[] = []
  const leg = { ask: (ticks: number) => asked.push(ticks) }
  legs.sweep()
  legs.add(leg)
  for (let tick = 0; tick < 100; tick++) legs.sweep()
  expect(asked).toEqual([...Array.from({ length: 40 }, (_, at) => at + 1), 60, 80, 100])
  legs.add(leg)
  legs.sweep()
  expect(asked.at(-1)).toBe(100)
  legs.delete(leg)
  for (let tick = 0; tick < 100; tick++) legs.sweep()
  expect(asked.at(-1)).toBe(100)
  expect(legs.size).toBe(0)
})
