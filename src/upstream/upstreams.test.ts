import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { Health } from './health.ts'
import type { Upstream } from './upstream.ts'
import { Upstreams } from './upstreams.ts'

const named = (name: string): Upstream => ({
  name,
  kind: 'socks5',
  reaches: () => true,
  connect: (_target, handler) => new ScriptedLeg(handler),
})

function book(weights: Record<string, number>, usual = Object.keys(weights)) {
  const health = new Health()
  let drawn = 0
  const all = Object.entries(weights).map(([name, weight]) => ({ upstream: named(name), weight }))
  const upstreams = new Upstreams(
    all,
    all.filter(({ upstream }) => usual.includes(upstream.name)),
    { health, random: () => drawn, now: () => 0 },
  )
  const order = (at: number, names?: string[]) => {
    drawn = at
    return upstreams.order(names).map(({ name }) => name)
  }
  return { health, order }
}

describe('Upstreams', () => {
  test('the weight is the share of first places', () => {
    const { order } = book({ light: 1, heavy: 3 })
    const firsts = Array.from({ length: 100 }, (_, at) => order(at / 100)[0])
    expect(firsts.filter((name) => name === 'light')).toHaveLength(25)
    expect(order(0.9)).toEqual(['heavy', 'light'])
  })

  test('who failed lately comes last, and is still there', () => {
    const { order, health } = book({ a: 1, b: 1 })
    health.failed('a', 0)
    expect(order(0)).toEqual(['b', 'a'])
    health.failed('b', 0)
    expect(order(0)).toEqual(['a', 'b'])
  })

  test('who asks by name gets those alone, whatever they are for', () => {
    const { order } = book({ a: 1, b: 1, hidden: 1 }, ['a', 'b'])
    expect(order(0)).toEqual(['a', 'b'])
    expect(order(0, ['hidden'])).toEqual(['hidden'])
    expect(order(0, ['b', 'hidden'])).toEqual(['b', 'hidden'])
    expect(order(0, ['gone'])).toEqual([])
  })
})
