import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { Wheel } from '../net/wheel.ts'
import { type DialResult, dialDataCentre } from './dial-data-centre.ts'

const addresses: Endpoint[] = ['192.0.2.1', '192.0.2.2', '2001:db8::3'].map((host) => ({
  kind: 'tcp',
  host,
  port: 443,
}))

function race(timeout = 5000) {
  const wheel = new Wheel()
  const attempts: { leg: ScriptedLeg; connects: () => void }[] = []
  let result: DialResult | undefined
  const done = dialDataCentre(addresses, timeout, {
    connect: (_endpoint, handler, connects) => {
      const leg = new ScriptedLeg(handler)
      attempts.push({ leg, connects })
      return leg
    },
    wheel,
    now: () => wheel.now,
  }).then((value) => {
    result = value
  })
  return { wheel, attempts, done, result: () => result }
}

describe('dialDataCentre', () => {
  test('the first address that answers wins, and the next is not tried beside it', async () => {
    const { attempts, done, wheel, result } = race()
    attempts[0]!.connects()
    await done
    wheel.advance(10_000)
    expect(attempts).toHaveLength(1)
    expect(result()).toMatchObject({ ok: true, endpoint: addresses[0] })
  })

  test('a refused address gives way to the next at once', async () => {
    const { attempts, done, result } = race()
    attempts[0]!.leg.fails('ECONNREFUSED')
    attempts[1]!.connects()
    await done
    expect(result()).toMatchObject({ ok: true, endpoint: addresses[1] })
  })

  test('a silent address is joined by the next after a quarter of a second; the loser is closed', async () => {
    const { attempts, done, wheel, result } = race()
    wheel.advance(200)
    expect(attempts).toHaveLength(1)
    wheel.advance(200)
    expect(attempts).toHaveLength(2)
    attempts[1]!.connects()
    await done
    expect(attempts[0]!.leg.ending).toBe('destroyed')
    expect(attempts[1]!.leg.ending).toBe('open')
    expect(result()).toMatchObject({ ok: true, endpoint: addresses[1] })
  })

  test('a late answer of the first still counts', async () => {
    const { attempts, done, wheel, result } = race()
    wheel.advance(1000)
    expect(attempts).toHaveLength(3)
    attempts[0]!.connects()
    await done
    expect(result()).toMatchObject({ ok: true, endpoint: addresses[0] })
    expect(attempts.slice(1).map(({ leg }) => leg.ending)).toEqual(['destroyed', 'destroyed'])
  })

  test.each([
    ['ECONNREFUSED', 'refused'],
    ['ENETUNREACH', 'unreachable'],
    ['ECONNRESET', 'reset'],
    ['EPROTO', 'error'],
  ])('all failing with %s is %s', async (code, failure) => {
    const { attempts, done, result } = race()
    for (let at = 0; at < 3; at++) attempts[at]!.leg.fails(code)
    await done
    expect(result()).toEqual({ ok: false, failure })
  })

  test('nothing answers: after the timeout all attempts are closed', async () => {
    const { attempts, done, wheel, result } = race(2000)
    wheel.advance(2200)
    await done
    expect(result()).toEqual({ ok: false, failure: 'timeout' })
    expect(attempts.map(({ leg }) => leg.ending)).toEqual(['destroyed', 'destroyed', 'destroyed'])
  })
})
