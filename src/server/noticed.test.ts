import { expect, test } from 'vitest'
import type { FromWorker } from './messages.ts'
import { Noticed } from './noticed.ts'

/** A worker that notices the same for a while, ten times a second. */
function notice(seconds: number, what: (noticed: Noticed) => void): FromWorker[] {
  const posted: FromWorker[] = []
  const clock = { now: 0 }
  const noticed = new Noticed((message) => posted.push(message), clock)
  for (; clock.now < seconds * 1000; clock.now += 100) what(noticed)
  return posted
}

test('that somebody connects is told once in a life', () => {
  expect(notice(3600, (noticed) => noticed.connection())).toEqual([{ type: 'connection' }])
})

test('what a person is told once is told rarely', () => {
  const posted = notice(600, (noticed) => {
    noticed.event('no_valid_secret')
    noticed.event('unreachable')
  })
  expect(posted.length).toBeLessThanOrEqual(2 * 11)
  expect(posted.slice(0, 2)).toEqual([{ type: 'no_valid_secret' }, { type: 'unreachable', tried: 1 }])
})

test('what makes the supervisor look is told soon again', () => {
  const posted = notice(10, (noticed) => {
    noticed.suspicion(0)
    noticed.otherAnswer(0)
  })
  expect(posted).toHaveLength(2 * 20)
})
