import { afterEach, describe, expect, test } from 'vitest'
import type { DayUsage, PeriodUsage, UsageBatch, UsageStore, UserTotals } from '../../src/state/store.ts'

const DAY = 86_400
const TODAY = 20_000

export function totals(name: string, differing: Partial<UserTotals> = {}): UserTotals {
  const seen = TODAY * DAY
  return {
    name,
    up: 10,
    down: 20,
    sessions: 1,
    firstSeen: seen,
    lastSeen: seen + 5,
    listener: '[::]:443',
    domain: 'www.example.org',
    ...differing,
  }
}

export function dayOf(name: string, day: number, differing: Partial<DayUsage> = {}): DayUsage {
  return { name, day, up: 1, down: 2, sessions: 1, ...differing }
}

export function periodOf(name: string, start: number, differing: Partial<PeriodUsage> = {}): PeriodUsage {
  return { name, start, up: 3, down: 4, ...differing }
}

export function batch(differing: Partial<UsageBatch> = {}): UsageBatch {
  return { users: [], days: [], periods: [], ...differing }
}

/** What every adapter of the usage store must do. */
export function usageStoreCompliance(
  adapter: string,
  open: () => UsageStore | Promise<UsageStore>,
  tidy: () => void = () => {},
): void {
  describe(`a usage store: ${adapter}`, () => {
    let store: UsageStore
    const opened = async () => {
      store = await open()
      return store
    }
    afterEach(async () => {
      await store.close()
      tidy()
    })

    test('is empty at first', async () => {
      const empty = await opened()
      expect(await empty.load(TODAY)).toEqual({ users: [], days: [], provisional: false })
      expect(await empty.history('alice', 0, TODAY)).toEqual([])
    })

    test('gives back what was written, exactly', async () => {
      const it = await opened()
      const alice = totals('alice', { up: 2 ** 52 + 1, down: 2 ** 53 - 1 })
      const bob = totals('bob', { listener: '', domain: '', up: 0 })
      await it.write(batch({ users: [alice, bob], days: [dayOf('alice', TODAY), dayOf('bob', TODAY - 1)] }))
      const { users, days } = await it.load(TODAY)
      expect(users.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([alice, bob])
      expect(days).toEqual([dayOf('alice', TODAY)])
    })

    test('a number that is written again replaces the one before', async () => {
      const it = await opened()
      const rows = batch({
        users: [totals('alice')],
        days: [dayOf('alice', TODAY)],
        periods: [periodOf('alice', 7)],
      })
      await it.write(rows)
      await it.write(rows)
      await it.write(
        batch({
          users: [totals('alice', { up: 11, sessions: 2, lastSeen: 9 })],
          days: [dayOf('alice', TODAY, { up: 5 })],
          periods: [periodOf('alice', 7, { down: 6 })],
        }),
      )
      expect(await it.load(TODAY)).toEqual({
        users: [totals('alice', { up: 11, sessions: 2, lastSeen: 9 })],
        days: [dayOf('alice', TODAY, { up: 5 })],
        provisional: false,
      })
      const question = { name: 'alice', start: 7, firstDay: TODAY + 1 }
      expect(await it.periodUsage([question])).toEqual([periodOf('alice', 7, { down: 6 })])
    })

    test('a batch without users leaves theirs alone', async () => {
      const it = await opened()
      await it.write(batch({ users: [totals('alice')] }))
      await it.write(batch({ days: [dayOf('alice', TODAY)] }))
      expect((await it.load(TODAY)).users).toEqual([totals('alice')])
    })

    test('the history of one user, in order, without gaps filled', async () => {
      const it = await opened()
      const days = [TODAY, TODAY - 3, TODAY - 1].map((day) => dayOf('alice', day, { up: day }))
      await it.write(
        batch({ users: [totals('alice'), totals('bob')], days: [...days, dayOf('bob', TODAY - 2)] }),
      )
      const known = (first: number, last: number) => it.history('alice', first, last)
      expect((await known(0, 10 * TODAY)).map(({ day }) => day)).toEqual([TODAY - 3, TODAY - 1, TODAY])
      expect(await known(TODAY - 3, TODAY - 2)).toEqual([dayOf('alice', TODAY - 3, { up: TODAY - 3 })])
      expect(await known(TODAY - 2, TODAY - 2)).toEqual([])
      expect(await known(TODAY + 1, TODAY + 9)).toEqual([])
      expect(await it.history('nobody', 0, TODAY)).toEqual([])
    })

    test('a period that was not kept is answered from its whole days', async () => {
      const it = await opened()
      await it.write(
        batch({
          users: [totals('alice'), totals('bob')],
          days: [
            dayOf('alice', TODAY - 2),
            dayOf('alice', TODAY - 1, { up: 10 }),
            dayOf('alice', TODAY),
            dayOf('bob', TODAY),
          ],
          periods: [periodOf('bob', 7)],
        }),
      )
      const start = (TODAY - 1) * DAY
      const firstDay = TODAY - 1
      expect(
        await it.periodUsage([
          { name: 'alice', start, firstDay },
          { name: 'bob', start: 7, firstDay: 1 },
          { name: 'nobody', start, firstDay },
        ]),
      ).toEqual([
        periodOf('alice', start, { up: 11, down: 4 }),
        periodOf('bob', 7),
        periodOf('nobody', start, { up: 0, down: 0 }),
      ])
    })

    test('forgets old days and periods, but no totals and no present period', async () => {
      const it = await opened()
      await it.write(
        batch({
          users: [totals('alice')],
          days: [dayOf('alice', TODAY - 400), dayOf('alice', TODAY - 365), dayOf('alice', TODAY)],
          periods: [periodOf('alice', 1), periodOf('alice', 2, { up: 9 }), periodOf('bob', 1)],
        }),
      )
      await it.prune(TODAY - 365)
      expect((await it.history('alice', 0, TODAY)).map(({ day }) => day)).toEqual([TODAY - 365, TODAY])
      const firstDay = TODAY + 1
      expect(
        await it.periodUsage([
          { name: 'alice', start: 1, firstDay },
          { name: 'alice', start: 2, firstDay },
          { name: 'bob', start: 1, firstDay },
        ]),
      ).toEqual([
        periodOf('alice', 1, { up: 0, down: 0 }),
        periodOf('alice', 2, { up: 9 }),
        periodOf('bob', 1),
      ])
      expect((await it.load(TODAY)).users).toContainEqual(totals('alice'))
    })

    test('names are text and nothing else', async () => {
      const it = await opened()
      const name = "x'); DROP TABLE user; --é"
      await it.write(batch({ users: [totals(name)], days: [dayOf(name, TODAY)] }))
      expect((await it.load(TODAY)).users).toEqual([totals(name)])
    })

    test('ten thousand users in one batch', async () => {
      const it = await opened()
      const names = Array.from({ length: 10_000 }, (_, n) => `user-${n}`)
      await it.write(
        batch({ users: names.map((name) => totals(name)), days: names.map((name) => dayOf(name, TODAY)) }),
      )
      const { users, days } = await it.load(TODAY)
      expect([users.length, days.length]).toEqual([10_000, 10_000])
    })
  })
}
