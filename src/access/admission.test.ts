import { describe, expect, test } from 'vitest'
import { Admission, type AdmissionSettings, Admitted } from './admission.ts'
import { allocateLimits, FirstSeen, forgetWorker, type LimitsMemory } from './limits-memory.ts'
import { periodStart } from './quota-period.ts'
import { QuotaWords } from './quota-words.ts'
import type { UserLimits } from './user-limits.ts'
import { placeUsers, type UserSettings, Users } from './users.ts'

const NOW = Date.parse('2026-11-22T10:00:00Z') / 1000
const DAY = 86_400
const HOME = '192.0.2.1'
const SECRETS = ['8f0c4a1be27d5936a0c4f1e2d3b4a596', '00112233445566778899aabbccddeeff'] as const

type Settings = Partial<Omit<AdmissionSettings, 'users'>>

/** Two workers on one shared memory and one clock. */
function house(limits: UserLimits | undefined, settings: Settings = {}, user: Partial<UserSettings> = {}) {
  const clock = { now: NOW, micros: 5e6 }
  const events: string[] = []
  const memory = allocateLimits({
    workers: 2,
    addressesMax: [limits?.addresses?.max ?? 0, 0],
    addressSlots: 128,
  })
  const usersWith = (mine: UserLimits | undefined, more: Partial<UserSettings> = {}) =>
    new Users([
      { name: 'alice', secret: SECRETS[0], enabled: true, limits: mine, ...user, ...more },
      { name: 'bob', secret: SECRETS[1], enabled: true },
    ])
  const all = (users: Users, more: Settings = {}) => ({
    users,
    maintenance: false,
    sessions: 1000,
    perAddress: undefined,
    ...settings,
    ...more,
  })
  const users = usersWith(limits)
  const workers = [1, 2].map(
    (worker) =>
      new Admission(memory, { worker, seed: 'seed' }, all(users), {
        unixSeconds: () => clock.now,
        micros: () => clock.micros,
        noticed: (event, { name }) => events.push(`${event} ${name}`),
      }),
  ) as [Admission, Admission]
  const come = (worker = 0, address = HOME, key = 0) => {
    const alice = users.named('alice')!
    return workers[worker]!.admit({ user: alice, key: alice.keys[key]! }, address)
  }
  const bob = (address = HOME) =>
    workers[0].admit({ user: users.named('bob')!, key: users.named('bob')! }, address)
  const apply = (changed: Users, more: Settings = {}) => {
    for (const worker of workers) worker.apply(all(changed, more))
  }
  return { clock, events, memory, workers, come, bob, apply, usersWith }
}

function welcome(answer: Admitted | string): Admitted {
  if (!(answer instanceof Admitted)) throw new Error(`refused: ${answer}`)
  return answer
}

describe('refusals', () => {
  test.each([
    ['maintenance', undefined, { maintenance: true }, {}],
    ['disabled', undefined, {}, { enabled: false }],
    ['expired', { expires: NOW }, {}, {}],
    ['from', { from: { has: (address: string) => address === '10.0.0.1' } }, {}, {}],
  ] as const)('%s', (reason, limits, settings, user) => {
    expect(house(limits, settings, user).come()).toBe(reason)
  })

  test('limits that are not reached refuse nobody, and a user without any has no meter', () => {
    const { come } = house({ expires: NOW + 1, from: { has: () => true }, sessions: 1 })
    expect(welcome(come()).meter).toBeUndefined()
    expect(welcome(house(undefined).come()).meter).toBeUndefined()
  })

  test('sessions of a user, over both workers; others are not concerned', () => {
    const { come, bob } = house({ sessions: 2 })
    const first = welcome(come(0))
    welcome(come(1))
    expect(come(0)).toBe('user_sessions')
    welcome(bob())
    first.release()
    first.release()
    welcome(come(1))
    expect(come(0)).toBe('user_sessions')
  })

  test('sessions of the server', () => {
    const { come, bob } = house(undefined, { sessions: 2 })
    const first = welcome(come(0))
    welcome(bob())
    expect(come(1)).toBe('sessions')
    first.release()
    welcome(come(1))
  })

  test('sessions of an address, whoever they belong to', () => {
    const { come, bob } = house(undefined, { perAddress: 2 })
    const first = welcome(come(0))
    welcome(bob())
    expect(come(1)).toBe('per_address')
    welcome(come(1, '192.0.2.2'))
    first.release()
    welcome(come(1))
  })

  test('a refusal holds nothing', () => {
    const { come, workers } = house({ sessions: 1 }, { perAddress: 5 })
    welcome(come())
    for (let n = 0; n < 20; n++) expect(come(n % 2)).toBe('user_sessions')
    expect(workers[0].sessions).toBe(1)
  })

  test('what a dead worker held is free', () => {
    const { come, memory, workers } = house({ sessions: 2 }, { perAddress: 2 })
    welcome(come(1))
    welcome(come(1))
    expect(come(0)).toBe('per_address')
    forgetWorker(memory, 2).mend()
    welcome(come(0))
    expect(workers[0].sessions).toBe(1)
  })
})

describe('addresses', () => {
  const limit = { max: 2, windowSeconds: 600, ipv4: 24, ipv6: 64 }

  test('one network more sees the site until one is forgotten', () => {
    const { come, clock, events } = house({ addresses: { ...limit, reportOnly: false } })
    welcome(come(0, '192.0.2.1')).release()
    welcome(come(1, '198.51.100.1')).release()
    expect(come(0, '203.0.113.1')).toBe('addresses')
    welcome(come(1, '192.0.2.77'))
    expect(events).toEqual(['addresses_exceeded alice'])
    clock.now += 600
    welcome(come(0, '203.0.113.1'))
  })

  test('a live session keeps its network counted', () => {
    const { come, clock } = house({ addresses: { ...limit, max: 1, reportOnly: false } })
    const session = welcome(come())
    for (let minute = 0; minute < 60; minute++) {
      clock.now += 60
      expect(session.due(clock.now)).toBeUndefined()
    }
    expect(come(1, '203.0.113.1')).toBe('addresses')
    session.release()
    clock.now += 600
    welcome(come(1, '203.0.113.1'))
  })

  test('report lets it in and tells', () => {
    const { come, events } = house({ addresses: { ...limit, max: 1, reportOnly: true } })
    welcome(come())
    welcome(come(0, '203.0.113.1'))
    expect(events).toEqual(['addresses_exceeded alice'])
  })
})

describe('time', () => {
  test('an expiry ends live sessions at its second', () => {
    const { come, bob, clock } = house({ expires: NOW + 10 })
    const [session, other] = [welcome(come()), welcome(bob())]
    expect(session.due(NOW + 9)).toBeUndefined()
    expect(session.due(NOW + 10)).toBe('expired')
    expect(other.due(NOW + 10)).toBeUndefined()
    clock.now = NOW + 10
    expect(come(1)).toBe('expired')
  })

  test('a lifetime is counted from the first session, in every worker and after a restart', () => {
    const { come, clock, memory } = house({ lifetimeSeconds: 30 * DAY })
    clock.now += 5 * DAY
    // Let in, but no session came of it.
    welcome(come()).release()
    clock.now += DAY
    const first = welcome(come())
    first.begin()
    expect(new FirstSeen(memory).of(0)).toBe(NOW + 6 * DAY)
    clock.now += 20 * DAY
    const second = welcome(come(1))
    second.begin()
    for (const session of [first, second]) {
      expect(session.due(NOW + 36 * DAY - 1)).toBeUndefined()
      expect(session.due(NOW + 36 * DAY)).toBe('expired')
    }
    clock.now = NOW + 36 * DAY
    expect(come()).toBe('expired')
    const later = house({ lifetimeSeconds: 30 * DAY })
    new FirstSeen(later.memory).restore(0, NOW - 30 * DAY)
    expect(later.come()).toBe('expired')
  })

  test('a previous secret ends at its date, and with it the sessions that came by it', () => {
    const previous = [{ secret: 'ffeeddccbbaa99887766554433221100', until: NOW + 60 }]
    const { come, clock } = house(undefined, {}, { previous })
    const [old, present] = [welcome(come(0, HOME, 1)), welcome(come(0, HOME, 0))]
    expect(old.due(NOW + 59)).toBeUndefined()
    expect(old.due(NOW + 60)).toBe('expired')
    expect(present.due(NOW + 60)).toBeUndefined()
    clock.now = NOW + 60
    expect(come(1, HOME, 1)).toBe('expired')
  })
})

/** What the supervisor does. */
function rollMonth(memory: LimitsMemory, nowSeconds: number): void {
  const start = periodStart({ kind: 'month', resetDay: 1 }, { nowSeconds, offsetSeconds: 0, firstSeen: 0 })
  new QuotaWords(memory.quota).begin(0, start)
}

const MONTH = { bytes: 10_000, period: { kind: 'month', resetDay: 1 } } as const

describe('quota', () => {
  test('the read that uses it up is the last of all sessions in both workers, and the site is seen until the month is over', () => {
    const { come, bob, clock, memory, events } = house({ quota: { ...MONTH, throttle: undefined } })
    rollMonth(memory, clock.now)
    const sessions = [welcome(come(0)), welcome(come(1)), welcome(come(1))]
    const [one, two, three] = sessions.map(({ meter }) => meter!)
    expect(one!.take('up', 4000)).toBe('go')
    expect(two!.take('down', 5999)).toBe('go')
    expect(sessions.map((session) => session.due(clock.now))).toEqual([undefined, undefined, undefined])
    expect(one!.take('down', 1500)).toBe('last')
    expect(two!.take('up', 1)).toBe('over')
    expect(three!.take('down', 16_000)).toBe('over')
    expect(new QuotaWords(memory.quota).used(0)).toBe(11_499)
    expect(sessions.map((session) => session.due(clock.now))).toEqual(['quota', 'quota', 'quota'])
    expect(welcome(bob()).due(clock.now)).toBeUndefined()
    for (const session of sessions) session.release()
    expect([come(0), come(1)]).toEqual(['quota', 'quota'])
    expect(events).toEqual(['quota_exceeded alice'])

    clock.now = Date.parse('2026-11-30T23:59:59Z') / 1000
    rollMonth(memory, clock.now)
    expect(come()).toBe('quota')
    clock.now += 1
    rollMonth(memory, clock.now)
    expect(welcome(come()).meter!.take('up', 9999)).toBe('go')
  })

  test('throttle slows down and restores with the new period', () => {
    const { come, clock, memory } = house({ quota: { ...MONTH, throttle: 2048 } })
    rollMonth(memory, clock.now)
    const session = welcome(come())
    const meter = session.meter!
    expect(meter.take('down', 9999)).toBe('go')
    expect(meter.window('down')).toBe(16 * 1024)
    expect(meter.take('down', 4000)).toBe('wait')
    expect(session.due(clock.now)).toBeUndefined()
    expect(meter.window('up')).toBe(1024)
    welcome(come(1)).release()
    clock.now += 30 * DAY
    rollMonth(memory, clock.now)
    expect(session.due(clock.now)).toBeUndefined()
    expect(meter.take('up', 9000)).toBe('go')
  })

  test('raising it by new settings lets the user in again', () => {
    const { come, apply, usersWith } = house({ quota: { ...MONTH, throttle: undefined } })
    const session = welcome(come())
    session.meter!.take('up', 10_000)
    expect(session.due(NOW)).toBe('quota')
    apply(usersWith({ quota: { ...MONTH, bytes: 20_000, throttle: undefined } }))
    expect(session.due(NOW)).toBeUndefined()
    expect(session.meter!.take('up', 5000)).toBe('go')
  })
})

describe('rate', () => {
  test('who read ahead waits until a tick lets it proceed, and is forgotten when the session ends', () => {
    const { come, clock, workers } = house({ rate: { down: 100_000 } })
    const meter = welcome(come()).meter!
    const proceeded: string[] = []
    meter.proceed = (direction) => proceeded.push(direction)
    expect(meter.window('down')).toBe(10_000)
    expect(meter.window('up')).toBe(Number.POSITIVE_INFINITY)
    expect(meter.take('up', 1e9)).toBe('go')
    let reads = 1
    while (meter.take('down', 10_000) === 'go') reads++
    expect(reads).toBeLessThan(5)
    for (let ticks = 0; proceeded.length === 0; ticks++) {
      expect(ticks).toBeLessThan(20)
      clock.micros += 50_000
      workers[0].tick()
    }
    expect(proceeded).toEqual(['down'])
    const other = welcome(come())
    while (other.meter!.take('down', 10_000) === 'go');
    other.release()
    clock.micros += 5e6
    workers[0].tick()
    expect(proceeded).toEqual(['down'])
  })
})

describe('new settings', () => {
  test.each([
    ['disabled', { enabled: false }],
    ['another secret', { secret: '12345678123456781234567812345678' }],
    ['no more from there', { limits: { from: { has: () => false } } }],
  ] as const)('%s: exactly the sessions concerned end', (_name, change) => {
    const { come, bob, apply, usersWith } = house(undefined)
    const [session, other] = [welcome(come()), welcome(bob())]
    apply(usersWith(undefined, change))
    expect(session.due(NOW)).toBe('revoked')
    expect(other.due(NOW)).toBeUndefined()
  })

  test('a removed user', () => {
    const { come, bob, apply } = house(undefined)
    const [session, other] = [welcome(come()), welcome(bob())]
    const places = placeUsers(
      ['bob'],
      new Map([
        ['alice', 0],
        ['bob', 1],
      ]),
    )!
    apply(new Users([{ name: 'bob', secret: SECRETS[1], enabled: true }], places))
    expect(session.due(NOW)).toBe('revoked')
    expect(other.due(NOW)).toBeUndefined()
  })

  test('a secret that became a previous one lives to its date', () => {
    const { come, apply, usersWith } = house(undefined)
    const session = welcome(come())
    const previous = [{ secret: SECRETS[0], until: NOW + 100 }]
    apply(usersWith(undefined, { secret: '12345678123456781234567812345678', previous }))
    expect(session.due(NOW + 99)).toBeUndefined()
    expect(session.due(NOW + 100)).toBe('expired')
  })

  test('limits that come later hold for live sessions', () => {
    const { come, apply, usersWith } = house(undefined)
    const session = welcome(come())
    expect(session.meter).toBeUndefined()
    apply(usersWith({ expires: NOW + 5, quota: { ...MONTH, throttle: undefined } }))
    expect(session.due(NOW)).toBeUndefined()
    expect(session.meter?.take('down', 10_000)).toBe('last')
    expect(session.due(NOW + 5)).toBe('expired')
  })

  test('maintenance leaves live sessions alone', () => {
    const { come, apply, usersWith } = house(undefined)
    const session = welcome(come())
    apply(usersWith(undefined), { maintenance: true })
    expect(session.due(NOW)).toBeUndefined()
    expect(come()).toBe('maintenance')
  })
})

test('places: whoever had one keeps it, also while away', () => {
  const first = placeUsers(['a', 'b', 'c'])!
  expect([...first]).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 2],
  ])
  const second = placeUsers(['c', 'd'], first)!
  expect([second.get('c'), second.get('d'), second.get('a')]).toEqual([2, 3, 0])
  expect(placeUsers(['c', 'd', 'e'], second, 4)).toBeUndefined()
})
