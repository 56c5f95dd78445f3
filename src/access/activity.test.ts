import { expect, test } from 'vitest'
import { Activity } from './activity.ts'

const USERS = 100

test('those active latest come first, in this run and in earlier ones', () => {
  const activity = new Activity(new SharedArrayBuffer(Activity.bytes(USERS)))
  activity.mark(70, 2000)
  for (const [user, seen] of [
    [70, 900],
    [80, 1000],
    [90, 950],
  ] as const) {
    activity.restore(user, seen)
  }
  expect(Array.from(activity.order(USERS, 2001).slice(0, 3))).toEqual([70, 80, 90])
})
