import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inTwoThreads } from '../../test/doubles/two-threads.ts'
import { type AddressesLimit, AddressWindow } from './address-window.ts'

const LIMIT: AddressesLimit = { max: 3, windowSeconds: 600, ipv4: 24, ipv6: 64, reportOnly: false }
const NOW = 1_795_347_266

function windowOf(max: readonly number[] = [LIMIT.max, LIMIT.max]) {
  const { bytes, starts } = AddressWindow.layout(max)
  const memory = { slots: new SharedArrayBuffer(bytes), starts }
  return { memory, window: new AddressWindow(memory, 'seed') }
}

describe('AddressWindow', () => {
  test('different networks count, neighbours and those that return do not', () => {
    const { window } = windowOf()
    const enter = (address: string, at = NOW) => window.enter(0, address, LIMIT, at).state
    expect(enter('192.0.2.1')).toBe('counted')
    expect(enter('192.0.2.200')).toBe('counted')
    expect(enter('198.51.100.1')).toBe('counted')
    expect(enter('2001:db8::1')).toBe('counted')
    expect(enter('2001:db8::ffff')).toBe('counted')
    expect(enter('203.0.113.1')).toBe('too_many')
    expect(enter('192.0.2.1')).toBe('counted')
    expect(window.count(0, LIMIT, NOW)).toBe(3)
    expect(window.enter(1, '203.0.113.1', LIMIT, NOW).state).toBe('counted')
    expect(enter('')).toBe('no_address')
  })

  test('a limit that grows takes its networks along, as long as there is room', () => {
    const { bytes, starts } = AddressWindow.layout([1, 1], 20)
    const memory = { slots: new SharedArrayBuffer(bytes), starts }
    const [window, elsewhere] = [new AddressWindow(memory, 'seed'), new AddressWindow(memory, 'seed')]
    const small = { ...LIMIT, max: 8 }
    const first = window.enter(0, '192.0.2.1', small, NOW)
    if (first.state !== 'counted') throw new Error('not counted')
    expect(window.makeRoom(0, 8)).toBe(true)
    expect(window.holds(0, first.slot)).toBe(true)
    expect(window.makeRoom(0, 12)).toBe(true)
    expect(window.holds(0, first.slot)).toBe(false)
    const large = { ...LIMIT, max: 12 }
    for (let n = 0; n < 11; n++) {
      expect(elsewhere.enter(0, `10.0.${n}.1`, large, NOW).state).toBe('counted')
    }
    expect(elsewhere.enter(0, '192.0.2.1', large, NOW).state).toBe('counted')
    expect(elsewhere.enter(0, '203.0.113.1', large, NOW).state).toBe('too_many')
    expect(window.count(1, large, NOW)).toBe(0)
    expect(window.makeRoom(1, 9)).toBe(false)
    expect(window.enter(1, '203.0.113.1', small, NOW).state).toBe('counted')
  })

  test('a network is forgotten a window after its last sign of life', () => {
    const { window } = windowOf()
    const first = window.enter(0, '192.0.2.1', LIMIT, NOW)
    window.enter(0, '198.51.100.1', LIMIT, NOW)
    window.enter(0, '203.0.113.1', LIMIT, NOW)
    if (first.state !== 'counted') throw new Error('not counted')
    window.touch(first.slot, window.tagAt(first.slot), NOW + 500)
    expect(window.enter(0, '10.0.0.1', LIMIT, NOW + 599).state).toBe('too_many')
    expect(window.count(0, LIMIT, NOW + 600)).toBe(1)
    expect(window.enter(0, '10.0.0.1', LIMIT, NOW + 600).state).toBe('counted')
    expect(window.enter(0, '10.0.1.1', LIMIT, NOW + 600).state).toBe('counted')
    expect(window.enter(0, '10.0.2.1', LIMIT, NOW + 600).state).toBe('too_many')
  })

  test('a session of a network that lost its slot touches nobody else’s', () => {
    const { window } = windowOf()
    const first = window.enter(0, '192.0.2.1', LIMIT, NOW)
    if (first.state !== 'counted') throw new Error('not counted')
    const tag = window.tagAt(first.slot)
    for (const address of ['10.0.0.1', '10.0.1.1', '10.0.2.1']) window.enter(0, address, LIMIT, NOW + 700)
    window.touch(first.slot, tag, NOW + 5000)
    expect(window.count(0, LIMIT, NOW + 1300)).toBe(0)
  })

  test('against a list of networks with their times', () => {
    const visit = fc.record({
      network: fc.integer({ min: 0, max: 8 }),
      host: fc.integer({ min: 0, max: 255 }),
      passes: fc.integer({ min: 0, max: 300 }),
    })
    fc.assert(
      fc.property(fc.array(visit, { maxLength: 80 }), fc.integer({ min: 1, max: 5 }), (visits, max) => {
        const limit = { ...LIMIT, max }
        const { window } = windowOf([max])
        const seen = new Map<number, number>()
        let now = NOW
        for (const { network, host, passes } of visits) {
          now += passes
          const live = [...seen].filter(([, at]) => at + limit.windowSeconds > now).map(([one]) => one)
          const welcome = live.includes(network) || live.length < max
          const verdict = window.enter(0, `10.0.${network}.${host}`, limit, now)
          expect(verdict.state).toBe(welcome ? 'counted' : 'too_many')
          if (welcome) seen.set(network, now)
          expect(window.count(0, limit, now)).toBeLessThanOrEqual(max)
        }
      }),
    )
  })

  test('two threads at once: never more networks than allowed, and none of them twice', async () => {
    const { memory, window } = windowOf()
    const module = new URL('./address-window.ts', import.meta.url).href
    const results = await inTwoThreads<{ most: number; entered: number[] }>(
      `
      const { AddressWindow } = await import(data.module)
      const window = new AddressWindow(data.memory, 'seed')
      let most = 0
      const entered = []
      together()
      for (let round = 0; round < 2000; round++) {
        const now = data.now + round * 1000
        for (let network = 0; network < 5; network++) {
          const name = (network * (data.worker + 1) + round) % 5
          if (window.enter(0, '10.0.' + name + '.1', data.limit, now).state === 'counted') entered.push(name)
          most = Math.max(most, window.count(0, data.limit, now))
        }
      }
      report({ most, entered })
      `,
      { memory, module, limit: LIMIT, now: NOW },
    )
    for (const { most, entered } of results) {
      expect(most).toBeLessThanOrEqual(LIMIT.max)
      expect(entered.length).toBeGreaterThan(0)
    }
    const last = NOW + 1999 * 1000
    const verdicts = [0, 1, 2, 3, 4].map((name) => window.enter(0, `10.0.${name}.1`, LIMIT, last).state)
    expect(verdicts.filter((state) => state === 'counted')).toHaveLength(LIMIT.max)
  }, 60_000)
})
