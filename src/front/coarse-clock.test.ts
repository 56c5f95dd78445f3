import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coarseClock, readCoarseClock } from './coarse-clock.ts'

const PERIOD = 4000
const WATCHES = 6
const STEP = 1300

/** Watched one after the other, on a clock of which a tick is at `phase`, seen late by up to 60 ms. */
function onClock(phase: number, ticks: number, late: readonly number[]) {
  return Array.from({ length: WATCHES }, (_, at) => {
    const began = at * STEP
    const before = Math.floor((began - phase) / PERIOD) * PERIOD + phase
    return { began, ended: before + ticks * PERIOD + late[at]! }
  })
}

const LATENESS = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: WATCHES, maxLength: WATCHES })

test('the clock of all connections is found, whatever moment the watching began at', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -3999, max: 0 }),
      fc.integer({ min: 2, max: 30 }),
      LATENESS,
      (phase, ticks, late) => {
        expect(coarseClock(onClock(phase, ticks, late))).toEqual({ period: PERIOD, ticks })
      },
    ),
  )
})

test('timers of their own are no such clock', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2000, max: 75_000 }), LATENESS, (lasts, late) => {
      const watched = late.map((lateness, at) => ({ began: at * STEP, ended: at * STEP + lasts + lateness }))
      expect(coarseClock(watched)).toBeUndefined()
    }),
  )
})

test('nor is an end of all at one moment, or no end at all', () => {
  const together = Array.from({ length: WATCHES }, (_, at) => ({ began: at * STEP, ended: 20_000 + at }))
  expect(coarseClock(together)).toBeUndefined()
  expect(coarseClock([])).toBeUndefined()
  expect(coarseClock(together.slice(0, 1))).toBeUndefined()
})

test('one that was kept is read again, a damaged one is not', () => {
  const clock = { period: 4000, ticks: 3 }
  expect(readCoarseClock(JSON.parse(JSON.stringify(clock)))).toEqual(clock)
  for (const each of [undefined, 3, {}, { ...clock, ticks: 0 }, { ...clock, period: 1e9 }]) {
    expect(readCoarseClock(each)).toBeUndefined()
  }
})
