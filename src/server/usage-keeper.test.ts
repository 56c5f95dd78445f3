import { beforeEach, describe, expect, test } from 'vitest'
import { UsageRows } from '../access/usage-rows.ts'
import { MemoryStore } from '../state/memory-store.ts'
import { StoreError, type StoreErrorCode } from '../state/store.ts'
import { UsageKeeper, type UsageKeeperOptions } from './usage-keeper.ts'

const DAY = 86_400
/** Noon of a day. */
const NOON = 20_000 * DAY + DAY / 2
const USERS = ['alice', 'bob', 'carol']

/** A store that fails on demand, and counts what is asked of it. */
class UnreliableStore extends MemoryStore {
  failing: StoreErrorCode | undefined
  health: { generation: number; degraded: { code: StoreErrorCode; message: string } | undefined } = {
    generation: 0,
    degraded: undefined,
  }
  writes = 0
  held: Promise<void> | undefined
  provisional = false

  override async load(today: number) {
    this.#fail()
    return { ...(await super.load(today)), provisional: this.provisional }
  }

  override async write(batch: Parameters<MemoryStore['write']>[0]): Promise<void> {
    await this.held
    this.#fail()
    this.writes++
    await super.write(batch)
  }

  #fail(): void {
    if (this.failing) throw new StoreError(this.failing, 'as the test wants it')
  }
}

let clock: { now: number }
let store: UnreliableStore
let periodStart: number | undefined
beforeEach(() => {
  clock = { now: NOON }
  store = new UnreliableStore()
  periodStart = undefined
})

/** One run of portico: shared memory of its own, the store of all. */
function run(options: Partial<UsageKeeperOptions> = {}) {
  const shared = new SharedArrayBuffer(UsageRows.bytes(USERS.length, 3))
  const rows = new UsageRows(shared, 3)
  let restored = 0
  const keeper = new UsageKeeper(
    {
      users: USERS,
      listeners: ['[::]:443', '127.0.0.1:8443'],
      sites: ['www.example.org'],
      utcOffsetSeconds: 0,
      historyDays: 365,
      ...options,
    },
    {
      rows,
      store,
      unixSeconds: () => clock.now,
      periodStart: (user) => (user === 0 ? periodStart : undefined),
      restored: () => restored++,
    },
  )
  const uses = (user: number, up: number, down: number, worker = 1) =>
    rows.row(worker).add(user, up, down, clock.now)
  const opens = (user: number, worker = 1) =>
    rows.row(worker).opened(user, clock.now * 1000, { listener: 1, site: 0 })
  return { keeper, rows, uses, opens, restored: () => restored }
}

const today = () => Math.floor(clock.now / DAY)
const stored = async (name = 'alice') => (await store.load(today())).users.find((user) => user.name === name)
const days = (name = 'alice') => store.history(name, 0, 10 ** 9)

describe('what is kept of usage', () => {
  test('totals, place and day of whoever moved', async () => {
    const { keeper, opens, uses } = run()
    await keeper.load()
    opens(0, 2)
    uses(0, 5, 70, 2)
    uses(0, 1, 1, 1)
    await keeper.flush()
    expect(await stored()).toEqual({
      name: 'alice',
      up: 6,
      down: 71,
      sessions: 1,
      firstSeen: NOON,
      lastSeen: NOON,
      listener: '127.0.0.1:8443',
      domain: 'www.example.org',
    })
    expect(await days()).toEqual([{ name: 'alice', day: 20_000, up: 6, down: 71, sessions: 1 }])
    expect(await stored('bob')).toBeUndefined()
  })

  test('nothing is written when nothing moved', async () => {
    const { keeper, opens } = run()
    await keeper.load()
    await keeper.flush()
    expect(store.writes).toBe(0)
    opens(1)
    await keeper.flush()
    await keeper.flush()
    expect(store.writes).toBe(1)
  })

  test('goes on where the last run ended, and counts nothing twice', async () => {
    for (const up of [10, 20, 30]) {
      const { keeper, opens, uses } = run()
      await keeper.load()
      opens(0)
      uses(0, up / 2, 1)
      await keeper.flush()
      uses(0, up / 2, 1)
      await keeper.flush()
      await keeper.flush()
      clock.now += 60
    }
    expect(await stored()).toMatchObject({
      up: 60,
      down: 6,
      sessions: 3,
      firstSeen: NOON,
      lastSeen: NOON + 120,
    })
    expect(await days()).toEqual([{ name: 'alice', day: 20_000, up: 60, down: 6, sessions: 3 }])
  })

  test('where somebody was last is known after a restart, as far as it is still configured', async () => {
    const first = run()
    await first.keeper.load()
    first.opens(0)
    await first.keeper.flush()
    const second = run()
    await second.keeper.load()
    expect(second.rows.read(0)).toMatchObject({ sessions: 1, listener: 1, site: 0 })
    const moved = run({ listeners: ['[::]:443'] })
    await moved.keeper.load()
    expect(moved.rows.read(0)).toMatchObject({ listener: undefined, site: 0 })
  })

  test('days begin in the configured offset', async () => {
    const { keeper, opens } = run({ utcOffsetSeconds: 13 * 3600 })
    await keeper.load()
    opens(0)
    await keeper.flush()
    expect((await days()).map(({ day }) => day)).toEqual([20_001])
  })

  test('the last bytes of a day belong to it, also when the store is late', async () => {
    const { keeper, opens, uses } = run()
    await keeper.load()
    opens(0)
    uses(0, 10, 0)
    await keeper.flush()
    uses(0, 5, 0)
    store.failing = 'not_answering'
    clock.now += DAY / 2
    keeper.tick()
    await keeper.flush()
    uses(0, 100, 0)
    opens(0)
    await keeper.flush()
    store.failing = undefined
    await keeper.flush()
    expect(await days()).toEqual([
      { name: 'alice', day: 20_000, up: 15, down: 0, sessions: 1 },
      { name: 'alice', day: 20_001, up: 100, down: 0, sessions: 1 },
    ])
    expect(await stored()).toMatchObject({ up: 115, sessions: 2 })
  })

  test('old days are forgotten as new ones begin', async () => {
    const { keeper, opens } = run({ historyDays: 2 })
    await keeper.load()
    for (let n = 0; n < 5; n++) {
      opens(0)
      await keeper.flush()
      clock.now += DAY
      keeper.tick()
    }
    await keeper.flush()
    expect((await days()).map(({ day }) => day)).toEqual([20_003, 20_004])
    expect(await stored()).toMatchObject({ sessions: 5 })
  })
})

describe('a store that fails', () => {
  test('gets everything when it takes it again', async () => {
    const { keeper, opens, uses } = run()
    await keeper.load()
    store.failing = 'full'
    opens(0)
    for (let n = 0; n < 3; n++) {
      uses(0, 1, 2)
      await keeper.flush()
    }
    store.failing = undefined
    await keeper.flush()
    expect(await stored()).toMatchObject({ up: 3, down: 6, sessions: 1 })
  })

  test('and keeps things in memory is asked again although nobody moves', async () => {
    const { keeper } = run()
    await keeper.load()
    store.health = { generation: 0, degraded: { code: 'full', message: '' } }
    await keeper.flush()
    expect(store.writes).toBe(1)
    store.health = { generation: 0, degraded: undefined }
    await keeper.flush()
    expect(store.writes).toBe(1)
  })

  test('that hangs is asked once, and then for the whole', async () => {
    const { keeper, opens, uses } = run()
    await keeper.load()
    const { promise, resolve } = Promise.withResolvers<void>()
    store.held = promise
    opens(0)
    for (let n = 0; n < 5; n++) {
      uses(0, 1, 0)
      keeper.tick()
    }
    resolve()
    await keeper.flush()
    expect(store.writes).toBe(2)
    expect(await stored()).toMatchObject({ up: 5 })
  })

  test('that lost everything is told everything that is known', async () => {
    const first = run()
    await first.keeper.load()
    first.opens(0)
    first.opens(1)
    await first.keeper.flush()
    const { keeper, uses } = run()
    await keeper.load()
    store.clear()
    store.health = { generation: 1, degraded: undefined }
    uses(0, 1, 1)
    await keeper.flush()
    await keeper.flush()
    expect(await stored('alice')).toMatchObject({ up: 1, sessions: 1 })
    expect(await stored('bob')).toMatchObject({ sessions: 1 })
    expect(await stored('carol')).toBeUndefined()
    expect(await days('bob')).toHaveLength(1)
  })

  test('that could not be read at the start is not overwritten, but added to', async () => {
    const first = run()
    await first.keeper.load()
    first.opens(0)
    first.uses(0, 1000, 0)
    await first.keeper.flush()

    store.failing = 'unavailable'
    const { keeper, opens, uses, restored } = run()
    await keeper.load()
    opens(0)
    uses(0, 1, 0)
    await keeper.flush()
    expect(restored()).toBe(0)
    store.failing = undefined
    clock.now += 10
    await keeper.flush()
    await keeper.flush()
    expect(restored()).toBe(1)
    expect(await stored()).toMatchObject({ up: 1001, sessions: 2 })
    expect(await days()).toEqual([{ name: 'alice', day: 20_000, up: 1001, down: 0, sessions: 2 }])
  })

  test('that could only be looked at is read again before anything is written', async () => {
    await store.write({
      users: [
        { name: 'alice', up: 7, down: 0, sessions: 1, firstSeen: 5, lastSeen: 6, listener: '', domain: '' },
      ],
      days: [],
      periods: [],
    })
    store.provisional = true
    const { keeper, rows, uses } = run()
    await keeper.load()
    expect(rows.read(0)).toMatchObject({ up: 7, firstSeen: 5 })
    uses(0, 1, 0)
    await keeper.flush()
    expect(await stored()).toMatchObject({ up: 7 })
    store.provisional = false
    clock.now += 10
    await keeper.flush()
    await keeper.flush()
    expect(await stored()).toMatchObject({ up: 8 })
  })

  test('of a newer portico is an error', async () => {
    store.failing = 'newer_schema'
    await expect(run().keeper.load()).rejects.toMatchObject({ code: 'newer_schema' })
  })
})

describe('the usage of a quota’s period', () => {
  const kept = async (start: number) =>
    (await store.periodUsage([{ name: 'alice', start, firstDay: 10 ** 9 }]))[0]

  test('goes on after a restart, and begins anew with the next period', async () => {
    periodStart = NOON - 1000
    const first = run()
    await first.keeper.load()
    first.uses(0, 10, 100)
    expect(first.keeper.periodUsage(0)).toEqual({ up: 10, down: 100 })
    first.opens(0)
    await first.keeper.flush()
    expect(first.keeper.periodUsage(0)).toEqual({ up: 10, down: 100 })

    const { keeper, uses } = run()
    await keeper.load()
    expect(keeper.periodUsage(0)).toEqual({ up: 10, down: 100 })
    uses(0, 1, 1)
    await keeper.flush()
    expect(keeper.periodUsage(0)).toEqual({ up: 11, down: 101 })
    periodStart = NOON
    expect(keeper.periodUsage(0)).toEqual({ up: 0, down: 0 })
    uses(0, 5, 5)
    await keeper.flush()
    expect(keeper.periodUsage(0)).toEqual({ up: 5, down: 5 })
    expect(await kept(NOON - 1000)).toMatchObject({ up: 11, down: 101 })
    expect(await kept(NOON)).toMatchObject({ up: 5, down: 5 })
    expect(keeper.periodUsage(1)).toEqual({ up: 0, down: 0 })
  })

  test('of a quota that is new is what its whole days say', async () => {
    const first = run()
    await first.keeper.load()
    first.opens(0)
    first.uses(0, 10, 100)
    await first.keeper.flush()
    periodStart = 20_000 * DAY
    const { keeper } = run()
    await keeper.load()
    expect(keeper.periodUsage(0)).toEqual({ up: 10, down: 100 })
  })

  test('that never ends is the total', async () => {
    periodStart = 0
    const { keeper, uses, opens } = run()
    await keeper.load()
    opens(0)
    uses(0, 3, 4)
    expect(keeper.periodUsage(0)).toEqual({ up: 3, down: 4 })
  })
})
