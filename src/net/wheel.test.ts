import { describe, expect, test } from 'vitest'
import { type Deadline, TICK_MILLISECONDS, Wheel } from './wheel.ts'

function deadline(expire: () => void): Deadline {
  return { dueTick: 0, expire }
}

describe('Wheel', () => {
  test('falls due no earlier than asked and at most two ticks later', () => {
    for (const wait of [1, 49, 50, 51, 250, 999]) {
      for (const phase of [0, 10, 49]) {
        const wheel = new Wheel()
        wheel.advance(phase)
        let at: number | undefined
        let time = 0
        wheel.schedule(
          deadline(() => (at = time)),
          wait,
        )
        for (time = 1; time < 2000; time++) wheel.advance(1)
        expect(at).toBeGreaterThanOrEqual(wait)
        expect(at).toBeLessThanOrEqual(wait + 2 * TICK_MILLISECONDS)
      }
    }
  })

  test('what is cancelled by another that falls due with it never comes', () => {
    const wheel = new Wheel()
    let expired = 0
    const second = deadline(() => expired++)
    const first = deadline(() => wheel.cancel(second))
    wheel.schedule(first, 100)
    wheel.schedule(second, 100)
    wheel.advance(1000)
    expect(expired).toBe(0)
  })

  test('a cancelled deadline never comes, one scheduled again comes once', () => {
    const wheel = new Wheel()
    let cancelled = 0
    let moved = 0
    const first = deadline(() => cancelled++)
    const second = deadline(() => moved++)
    wheel.schedule(first, 100)
    wheel.schedule(second, 100)
    wheel.schedule(second, 400)
    wheel.cancel(first)
    wheel.advance(250)
    expect(moved).toBe(0)
    wheel.advance(1000)
    expect([cancelled, moved]).toEqual([0, 1])
  })

  test('a deadline that schedules itself again in its expiry comes again', () => {
    const wheel = new Wheel()
    let times = 0
    const again: Deadline = deadline(() => {
      if (++times < 3) wheel.schedule(again, 50)
    })
    wheel.schedule(again, 50)
    wheel.advance(2000)
    expect(times).toBe(3)
  })

  test('parts of ticks add up, and all that a long stop has missed are one sweep', () => {
    const wheel = new Wheel()
    const swept: number[] = []
    wheel.everyTick((now) => swept.push(now / TICK_MILLISECONDS))
    for (let i = 0; i < 10; i++) wheel.advance(17)
    expect(swept).toEqual([1, 2, 3])
    wheel.advance(880)
    expect(swept).toEqual([1, 2, 3, 21])
    expect(wheel.now).toBe(21 * TICK_MILLISECONDS)
  })
})
