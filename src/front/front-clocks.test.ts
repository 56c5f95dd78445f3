import { expect, test } from 'vitest'
import { FrontClocks } from './front-clocks.ts'

const CLOCK = { period: 4000, ticks: 3 }

/** Two threads on one memory, at a time that the test sets. */
function threads() {
  const time = { now: 1_000_000 }
  const shared = new SharedArrayBuffer(FrontClocks.bytes(3, 4))
  const open = (row: number) => new FrontClocks(shared, { sites: 4, row }, () => time.now)
  return { time, open, one: open(1), two: open(2) }
}

test('the first connection begins the clock, and the others keep to it in every thread', () => {
  const { time, one, two } = threads()
  expect(one.enter(0, CLOCK, 0).left).toBe(12_000)
  time.now += 1300
  expect(two.enter(0, CLOCK, 0).left).toBe(10_700)
  time.now += 2600
  expect(one.enter(0, CLOCK, 0).left).toBe(8100)
  time.now += 200
  expect(two.enter(0, CLOCK, 0).left).toBe(11_900)
})

test('what counts is the accept', () => {
  const { one, two } = threads()
  expect(one.enter(0, CLOCK, 150).left).toBe(11_850)
  expect(two.enter(0, CLOCK, 400).left).toBe(11_850)
})

test('it begins anew when nobody is left, and only then', () => {
  const { time, one, two } = threads()
  const [first, second] = [one.enter(0, CLOCK, 0), two.enter(0, CLOCK, 0)]
  time.now += 1000
  first.leave()
  first.leave()
  expect(one.enter(0, CLOCK, 0).left).toBe(11_000)
  second.leave()
  expect(one.enter(0, CLOCK, 0).left).toBe(11_000)
})

test('every site has its own', () => {
  const { time, one, two } = threads()
  const stay = one.enter(2, CLOCK, 0)
  time.now += 1000
  expect(two.enter(3, CLOCK, 0).left).toBe(12_000)
  stay.leave()
  expect(two.enter(2, CLOCK, 0).left).toBe(12_000)
})

test('the connections of a thread that died are gone', () => {
  const { time, open, one, two } = threads()
  one.enter(0, CLOCK, 0)
  time.now += 1000
  open(1)
  expect(two.enter(0, CLOCK, 0).left).toBe(12_000)
})
