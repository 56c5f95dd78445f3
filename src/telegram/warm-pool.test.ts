import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import type { DialResult } from './dial-data-centre.ts'
import type { Road } from './directory.ts'
import { WarmPool } from './warm-pool.ts'

const endpoint = { kind: 'tcp', host: '192.0.2.1', port: 443 } as const
const road: Road = { dc: 2, addresses: [endpoint] }

function pool(size: number | 'auto' = 'auto') {
  const legs: ScriptedLeg[] = []
  const events: string[] = []
  const state = { now: 0, fails: false, scarce: false, waiting: 0, onTurn: () => {} }
  const warm = new WarmPool(size, {
    dial: async (): Promise<DialResult> => {
      if (state.fails) return { ok: false, failure: 'refused' }
      const leg = new ScriptedLeg()
      legs.push(leg)
      return { ok: true, leg, endpoint, upstream: { name: 'direct', kind: 'direct' }, milliseconds: 40 }
    },
    now: () => state.now,
    nextTurn: async () => state.onTurn(),
    isScarce: () => state.scarce,
    counted: (dc, event) => events.push(`${dc} ${event}`),
    waiting: (_dc, count) => {
      state.waiting = count
    },
  })
  /** Time passes, in seconds, and what was begun is done. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      state.now += 1000
      warm.tend()
      await settled()
    }
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return { warm, legs, events, state, pass, settled }
}

describe('WarmPool', () => {
  test('the first session finds none, the next a connected one', async () => {
    const { warm, legs, events, settled } = pool()
    expect(await warm.take(road)).toBeUndefined()
    await settled()
    expect(legs).toHaveLength(1)
    expect(await warm.take(road)).toMatchObject({ ok: true, leg: legs[0], milliseconds: 0 })
    expect(events).toEqual(['2 used'])
    expect(legs[0]!.ending).toBe('open')
  })

  test('a burst makes it grow, never beyond its limit; a minute after the last session nothing is left', async () => {
    const { warm, legs, state, pass, settled } = pool()
    for (let n = 0; n < 40; n++) await warm.take(road)
    await settled()
    expect(state.waiting).toBe(16)
    await pass(61)
    expect(state.waiting).toBe(0)
    expect(legs.filter(({ ending }) => ending === 'open').length).toBeLessThanOrEqual(40)
    const made = legs.length
    await pass(300)
    expect(legs).toHaveLength(made)
  })

  test.each(['ends', 'fails', 'says'] as const)(
    'one that the data centre %s is never given, and replaced',
    async (how) => {
      const { warm, legs, events, pass } = pool(1)
      await warm.take(road)
      await pass(1)
      if (how === 'says') legs[0]!.says(Buffer.from([1]))
      else legs[0]![how]()
      await pass(1)
      expect(legs[0]!.ending).toBe('destroyed')
      expect(events).toEqual(['2 lost'])
      expect(await warm.take(road)).toMatchObject({ leg: legs[1] })
    },
  )

  test('one that dies while it is being given is not given', async () => {
    const { warm, legs, state, pass } = pool(2)
    await warm.take(road)
    await pass(1)
    expect(state.waiting).toBe(2)
    state.onTurn = () => {
      state.onTurn = () => {}
      legs[1]!.ends()
    }
    expect(await warm.take(road)).toMatchObject({ leg: legs[0] })
  })

  test('old ones are replaced while there is demand', async () => {
    const { warm, legs, events, pass } = pool(1)
    await warm.take(road)
    await pass(35)
    expect(events).toContain('2 expired')
    expect(legs.map(({ ending }) => ending)).toEqual(['destroyed', 'open'])
  })

  test('after a failure it rests; without descriptors it does nothing; 0 is off', async () => {
    const failing = pool(1)
    failing.state.fails = true
    await failing.warm.take(road)
    failing.state.fails = false
    await failing.pass(3)
    expect(failing.legs).toHaveLength(0)
    await failing.pass(4)
    expect(failing.legs).toHaveLength(1)

    const scarce = pool(1)
    scarce.state.scarce = true
    await scarce.warm.take(road)
    await scarce.pass(3)
    expect(scarce.legs).toHaveLength(0)

    const off = pool(0)
    await off.warm.take(road)
    await off.pass(3)
    expect(off.legs).toHaveLength(0)
  })

  test('closed, it keeps nothing, not even what was still being dialled', async () => {
    const { warm, legs, settled } = pool(2)
    await warm.take(road)
    warm.close()
    await settled()
    expect(legs.every(({ ending }) => ending === 'destroyed')).toBe(true)
    expect(await warm.take(road)).toBeUndefined()
  })
})
