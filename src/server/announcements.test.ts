import { expect, test } from 'vitest'
import { Announcements } from './announcements.ts'

test('what was said before anybody listened is the first listener’s, once', () => {
  const announcements = new Announcements<number>()
  announcements.say(1)
  announcements.say(2)
  const heard: number[] = []
  expect(announcements.on((each) => heard.push(each))).toEqual([1, 2])
  expect(announcements.on((each) => heard.push(each * 10))).toEqual([])
  announcements.say(3)
  expect(heard).toEqual([3, 30])
})

test('where nobody ever listens it does not grow', () => {
  const announcements = new Announcements<number>()
  for (let n = 0; n < 10_000; n++) announcements.say(n)
  expect(announcements.on(() => {}).length).toBeLessThan(1000)
})
