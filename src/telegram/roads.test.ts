import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { Wheel } from '../net/wheel.ts'
import { Health } from '../upstream/health.ts'
import type { Upstream, UpstreamKind } from '../upstream/upstream.ts'
import { Upstreams } from '../upstream/upstreams.ts'
import { Roads } from './roads.ts'

type Manner = 'connects' | 'refuses' | 'silent' | 'wants a password'

const tcp = (host: string): Endpoint => ({ kind: 'tcp', host, port: 443 })
const SIX = tcp('2001:db8::1')
const FOUR = tcp('192.0.2.1')
const FOUR_MORE = tcp('192.0.2.2')
/** Hardly a local port is left for it. */
const FULL = tcp('192.0.2.3')

/** Upstreams that behave by name, or by name and address. */
function world(
  manners: Record<string, Manner>,
  usual: readonly [string, UpstreamKind][] = [['direct', 'direct']],
) {
  const wheel = new Wheel()
  const tried: string[] = []
  const legs: ScriptedLeg[] = []
  const upstream = (name: string, kind: UpstreamKind): Upstream => ({
    name,
    kind,
    reaches: (target) => kind !== 'socks4' || target !== SIX,
    isScarce: (target) => target === FULL,
    connect: (target, handler, onConnected) => {
      const leg = new ScriptedLeg(handler)
      const host = target.kind === 'tcp' ? target.host : ''
      tried.push(`${name} ${host}`)
      legs.push(leg)
      const manner = manners[`${name} ${host}`] ?? manners[host] ?? manners[name] ?? 'connects'
      if (manner === 'connects') queueMicrotask(onConnected)
      if (manner === 'refuses') queueMicrotask(() => leg.fails('ECONNREFUSED'))
      if (manner === 'wants a password') queueMicrotask(() => leg.fails('auth'))
      return leg
    },
  })
  const all = usual.map(([name, kind]) => ({ upstream: upstream(name, kind), weight: 1 }))
  const health = new Health()
  const now = () => wheel.now
  const counted: string[] = []
  const roads = new Roads(
    { dialTimeout: 5000 },
    {
      upstreams: new Upstreams(all, all, { health, random: () => 0, now }),
      health,
      wheel,
      now,
      counted: ({ name }, outcome) => counted.push(`${name} ${outcome}`),
    },
  )
  const dial = async (addresses: Endpoint[], names?: string[]) => {
    tried.length = 0
    const state = { over: false }
    const dialled = roads.dial(addresses, names).finally(() => {
      state.over = true
    })
    for (let step = 0; step < 200 && !state.over; step++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (!state.over) wheel.advance(50)
    }
    return dialled
  }
  return { dial, tried, wheel, manners, counted, legs, roads }
}

describe('Roads, direct', () => {
  test('the order that is preferred, while all is well', async () => {
    const { dial, tried } = world({})
    expect(await dial([SIX, FOUR])).toMatchObject({ ok: true, endpoint: SIX })
    expect(tried).toEqual(['direct 2001:db8::1'])
  })

  test('an address for which hardly a local port is left comes last, and is not given up', async () => {
    const { dial, tried, manners } = world({})
    expect(await dial([FULL, FOUR])).toMatchObject({ ok: true, endpoint: FOUR })
    manners['192.0.2.1'] = 'refuses'
    expect(await dial([FULL, FOUR])).toMatchObject({ ok: true, endpoint: FULL })
    expect(tried).toEqual(['direct 192.0.2.1', 'direct 192.0.2.3'])
  })

  test('a family that breaks while running is left behind after one dial, also for other data centres', async () => {
    const { dial, tried, manners, wheel } = world({})
    await dial([SIX, FOUR])
    manners['2001:db8::1'] = 'silent'
    manners['2001:db8::2'] = 'silent'
    expect(await dial([SIX, FOUR])).toMatchObject({ ok: true, endpoint: FOUR })
    expect(await dial([tcp('2001:db8::2'), FOUR_MORE])).toMatchObject({ endpoint: FOUR_MORE })
    expect(tried).toEqual(['direct 192.0.2.2'])

    // When its rest is over one dial looks again, and finds it well.
    delete manners['2001:db8::1']
    wheel.advance(10_000)
    expect(await dial([SIX, FOUR])).toMatchObject({ endpoint: SIX })
  })

  test('a refusing address goes behind the others, and only that', async () => {
    const { dial, tried } = world({ '192.0.2.1': 'refuses' })
    await dial([FOUR, FOUR_MORE])
    expect(tried).toEqual(['direct 192.0.2.1', 'direct 192.0.2.2'])
    await dial([FOUR, FOUR_MORE])
    expect(tried).toEqual(['direct 192.0.2.2'])
  })

  test('when nothing answers, everything is tried again and again', async () => {
    const { dial, tried } = world({ direct: 'refuses' })
    for (let time = 0; time < 3; time++) {
      expect(await dial([FOUR, SIX])).toEqual({ ok: false, failure: 'refused' })
      expect(tried.toSorted()).toEqual(['direct 192.0.2.1', 'direct 2001:db8::1'])
    }
  })
})

describe('Roads, by upstreams', () => {
  const two: [string, UpstreamKind][] = [
    ['a', 'socks5'],
    ['b', 'http'],
  ]

  test.each(['refuses', 'silent', 'wants a password'] as const)(
    'one that %s: the next within the same dial',
    async (manner) => {
      const { dial, counted, legs } = world({ a: manner }, two)
      expect(await dial([FOUR, FOUR_MORE])).toMatchObject({ ok: true, upstream: { name: 'b' } })
      expect(counted.some((line) => line.startsWith('a '))).toBe(true)
      expect(legs.filter(({ ending }) => ending === 'open').length).toBeLessThanOrEqual(
        manner === 'silent' ? 1 : 3,
      )
      // The next dial begins with the one that works.
      const before = legs.length
      await dial([FOUR, FOUR_MORE])
      expect(legs.length - before).toBe(1)
    },
  )

  test('where every upstream fails the dial fails: nothing leaves straight', async () => {
    const { dial, tried } = world({ a: 'refuses', b: 'wants a password' }, two)
    expect(await dial([FOUR])).toEqual({ ok: false, failure: 'auth' })
    expect(tried).toEqual(['a 192.0.2.1', 'b 192.0.2.1'])
    expect(await dial([FOUR], ['gone'])).toEqual({ ok: false, failure: 'unreachable' })
    expect(tried).toEqual([])
  })

  test('who is asked for by name goes by no other', async () => {
    const { dial, tried } = world({ a: 'refuses' }, two)
    expect((await dial([FOUR], ['a'])).ok).toBe(false)
    expect(tried).toEqual(['a 192.0.2.1'])
  })

  test('an address that an upstream has no form for is not tried with it', async () => {
    const { dial, tried } = world({}, [['old', 'socks4']])
    await dial([SIX, FOUR])
    expect(tried).toEqual(['old 192.0.2.1'])
    expect(await dial([SIX])).toEqual({ ok: false, failure: 'unreachable' })
  })
})

describe('Roads, asked by questions of our own', () => {
  const BOTH: [string, UpstreamKind][] = [
    ['one', 'socks5'],
    ['two', 'socks5'],
  ]

  test('an address that connects and does not answer comes after those that do, until it answers', async () => {
    const { dial, tried, roads } = world({})
    const way = roads.ways([FOUR])[0]!
    roads.answered(way, false)
    await dial([FOUR, FOUR_MORE])
    expect(tried).toEqual(['direct 192.0.2.2'])
    // That it connects, for want of another, tells nothing.
    await dial([FOUR])
    await dial([FOUR, FOUR_MORE])
    expect(tried).toEqual(['direct 192.0.2.2'])
    roads.answered(way, true)
    await dial([FOUR, FOUR_MORE])
    expect(tried).toEqual(['direct 192.0.2.1'])
  })

  test('an upstream by which nobody answers comes after another', async () => {
    const { dial, tried, roads } = world({}, BOTH)
    for (const way of roads.ways([FOUR])) if (way.upstream.name === 'one') roads.answered(way, false)
    await dial([FOUR])
    expect(tried).toEqual(['two 192.0.2.1'])
  })

  test('an answer ends the rest of an address that had failed', async () => {
    const { dial, tried, manners, roads } = world({ '192.0.2.1': 'refuses' })
    await dial([FOUR, FOUR_MORE])
    manners['192.0.2.1'] = 'connects'
    await dial([FOUR, FOUR_MORE])
    expect(tried).toEqual(['direct 192.0.2.2'])
    roads.answered(roads.ways([FOUR])[0]!, true)
    await dial([FOUR, FOUR_MORE])
    expect(tried).toEqual(['direct 192.0.2.1'])
  })

  test('the ways are those that a session may take', () => {
    const { roads } = world({}, [
      ['one', 'socks4'],
      ['two', 'socks5'],
    ])
    const names = (ways: ReturnType<Roads['ways']>) => ways.map(({ upstream }) => upstream.name)
    expect(names(roads.ways([SIX, FOUR]))).toEqual(['one', 'two', 'two'])
    expect(names(roads.ways([SIX, FOUR], ['one']))).toEqual(['one'])
  })
})
