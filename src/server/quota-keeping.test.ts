import { expect, test } from 'vitest'
import { allocateLimits, FirstSeen, type LimitsMemory } from '../access/limits-memory.ts'
import { QuotaWords } from '../access/quota-words.ts'
import { placeUsers } from '../access/users.ts'
import { readConfig } from '../config/load.ts'
import { QuotaKeeping } from './quota-keeping.ts'

const MIB = 1024 * 1024
const HOUR = 3600
const at = (text: string) => Date.parse(text) / 1000

const QUOTAS = {
  monthly: 'bytes = "10 MiB", reset_day = 31',
  weekly: 'bytes = "10 MiB", period = "week"',
  paid: 'bytes = "10 MiB", period = "30d"',
  ever: 'bytes = "10 MiB", period = "never"',
} as const

function usersWith(quotas: Partial<Record<keyof typeof QUOTAS | 'free', string>>) {
  const tables = Object.entries(quotas).map(
    ([name, quota], n) =>
      `[users.${name}]\nsecret = "${String(n + 1).padStart(32, '0')}"\n${quota === '' ? '' : `quota = { ${quota} }\n`}`,
  )
  const loaded = readConfig(
    `[front]\ndomain = "www.example.org"\n${tables.join('')}`,
    '/srv/portico.toml',
    {},
  )
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  return loaded.config.users
}

function scene(now: string, { offsetSeconds = 0, memory = allocate() } = {}) {
  const clock = { now: at(now) }
  const keeping = new QuotaKeeping(memory, { offsetSeconds, unixSeconds: () => clock.now })
  const users = usersWith({ ...QUOTAS, free: '' })
  const places = placeUsers(Object.keys(users))!
  keeping.apply(users, places)
  const words = new QuotaWords(memory.quota)
  const place = (name: string) => places.get(name)!
  return {
    keeping,
    places,
    place,
    words,
    firstSeen: new FirstSeen(memory),
    use: (name: string, bytes: number) => words.add(place(name), bytes),
    used: (name: string) => words.used(place(name)),
    until: (text: string) => {
      clock.now = at(text)
      keeping.roll()
    },
  }
}

function allocate(): LimitsMemory {
  return allocateLimits({ workers: 2, addressesMax: [0, 0, 0, 0, 0], addressSlots: 8 })
}

test('a month and a week pass: each count begins anew at its time, and no other', () => {
  const { use, used, until } = scene('2027-01-30T12:00:00Z')
  for (const name of ['monthly', 'weekly', 'ever']) use(name, MIB)
  until('2027-01-30T23:59:59Z')
  expect(used('monthly')).toBe(MIB)
  until('2027-01-31T00:00:00Z')
  expect(used('monthly')).toBe(0)
  expect(used('weekly')).toBe(MIB)
  // 2027-02-01 is a Monday.
  until('2027-02-01T00:00:00Z')
  expect(used('weekly')).toBe(0)
  use('monthly', 2 * MIB)
  until('2027-02-27T23:59:59Z')
  expect(used('monthly')).toBe(2 * MIB)
  // The 31st of a month that has 28 days.
  until('2027-02-28T00:00:00Z')
  expect(used('monthly')).toBe(0)
  expect(used('ever')).toBe(MIB)
})

test('begins where the operator lives', () => {
  const { use, used, until } = scene('2027-01-30T20:00:00Z', { offsetSeconds: 3 * HOUR })
  use('monthly', MIB)
  until('2027-01-30T20:59:59Z')
  expect(used('monthly')).toBe(MIB)
  until('2027-01-30T21:00:00Z')
  expect(used('monthly')).toBe(0)
})

test('a span that was paid for begins with the first use, and follows itself', () => {
  const { keeping, firstSeen, place, use, used, until } = scene('2027-01-01T00:00:00Z')
  expect(keeping.periodStart(place('paid'), at('2027-01-01T00:00:00Z'))).toBeUndefined()
  until('2027-03-01T00:00:00Z')
  firstSeen.mark(place('paid'), at('2027-03-05T10:00:00Z'))
  until('2027-03-05T10:00:00Z')
  use('paid', MIB)
  until('2027-04-04T09:59:59Z')
  expect(used('paid')).toBe(MIB)
  until('2027-04-04T10:00:00Z')
  expect(used('paid')).toBe(0)
})

test('a clock that is set back begins nothing anew', () => {
  const { use, used, until } = scene('2027-02-01T00:00:01Z')
  use('weekly', MIB)
  until('2027-01-20T00:00:00Z')
  until('2027-02-01T00:00:02Z')
  expect(used('weekly')).toBe(MIB)
})

test('what earlier runs used counts, in the period in which they did, and never less than this run', () => {
  const { keeping, places, place, use, used, firstSeen, words } = scene('2027-02-10T00:00:00Z')
  use('monthly', 3 * MIB)
  const earlier = { monthly: 2 * MIB, weekly: 4 * MIB, ever: 5 * MIB, paid: 6 * MIB, free: 7 * MIB }
  const names = [...places.keys()] as (keyof typeof earlier)[]
  keeping.restore((user) => ({ firstSeen: at('2027-02-01T00:00:00Z'), used: earlier[names[user]!] }))
  expect(used('monthly')).toBe(3 * MIB)
  expect(used('weekly')).toBe(4 * MIB)
  expect(used('ever')).toBe(5 * MIB)
  expect(used('paid')).toBe(6 * MIB)
  expect(used('free')).toBe(0)
  expect(firstSeen.of(place('free'))).toBe(at('2027-02-01T00:00:00Z'))
  expect(words.read(place('paid')).start).toBe(at('2027-02-01T00:00:00Z'))
})

test('a user whose quota is gone is left alone, and one who comes begins now', () => {
  const { keeping, places, place, used, until, use } = scene('2027-02-10T00:00:00Z')
  use('weekly', MIB)
  keeping.apply(usersWith({ monthly: QUOTAS.monthly }), places)
  until('2027-03-30T00:00:00Z')
  expect(used('weekly')).toBe(MIB)
  expect(keeping.periodStart(place('weekly'), at('2027-03-30T00:00:00Z'))).toBeUndefined()
  keeping.apply(usersWith({ weekly: QUOTAS.weekly }), places)
  expect(used('weekly')).toBe(0)
})
