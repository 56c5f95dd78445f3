import { describe, expect, test } from 'vitest'
import { PendingHellos, type PendingLimits } from './pending-hellos.ts'

function scene(limits: PendingLimits, workers = 1) {
  const house = new PendingHellos(workers, limits)
  const givenUp: string[] = []
  const enter = (name: string, address: string) => house.enter(address, () => givenUp.push(name))
  return { house, givenUp, enter }
}

describe('PendingHellos', () => {
  test('beyond the limit the longest waiting is given up, never the new one', () => {
    const { house, givenUp, enter } = scene({ all: 3, perAddress: 100 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) enter(name, `192.0.2.${name.charCodeAt(0)}`)
    expect(givenUp).toEqual(['a', 'b'])
    expect(house.total).toBe(3)
  })

  test('each worker keeps to its share', () => {
    const { givenUp, enter } = scene({ all: 4, perAddress: 100 }, 2)
    for (const name of ['a', 'b', 'c']) enter(name, `192.0.2.${name.charCodeAt(0)}`)
    expect(givenUp).toEqual(['a'])
  })

  test('an address that has more than its part gives up its own, IPv6 by its /64', () => {
    const { givenUp, enter } = scene({ all: 100, perAddress: 2 })
    enter('other', '198.51.100.1')
    for (const name of ['a', 'b', 'c']) enter(name, '192.0.2.1')
    expect(givenUp).toEqual(['a'])
    enter('far', '2001:db8:0:1::1')
    for (const name of ['x', 'y', 'z']) enter(name, `2001:db8::${name.charCodeAt(0)}`)
    expect(givenUp).toEqual(['a', 'x'])
  })

  test('a hello that is whole is not given up; beyond the limit it is searched among the known alone', () => {
    const { house, givenUp, enter } = scene({ all: 100, perAddress: 2 })
    const [first, second] = [enter('a', '192.0.2.1'), enter('b', '192.0.2.1')]
    expect([first.mayBeAnybody(), second.mayBeAnybody()]).toEqual([true, true])
    const third = enter('c', '192.0.2.1')
    expect(givenUp).toEqual([])
    expect(third.mayBeAnybody()).toBe(false)
    for (const pending of [first, first, third]) pending.leave()
    expect(house.total).toBe(1)
    expect(enter('d', '192.0.2.1').mayBeAnybody()).toBe(true)
  })

  test('a unix socket is bounded by all alone', () => {
    const { givenUp, enter } = scene({ all: 3, perAddress: 1 })
    for (const name of ['a', 'b', 'c']) enter(name, '')
    expect(givenUp).toEqual([])
    enter('d', '')
    expect(givenUp).toEqual(['a'])
  })
})
