import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { Wheel } from '../net/wheel.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { type Attempt, type DialResult, dialDataCentre } from './dial-data-centre.ts'

const addresses: Endpoint[] = ['192.0.2.1', '192.0.2.2', '2001:db8::3'].map((host) => ({
  kind: 'tcp',
  host,
  port: 443,
}))

function race(timeout = 5000) {
  const wheel = new Wheel()
  const attempts: { leg: ScriptedLeg; connects: () => void }[] = []
  const reports: string[] = []
  let result: DialResult | undefined
  const upstream: Upstream = {
    name: 'direct',
    kind: 'direct',
    reaches: () => true,
    connect: (_endpoint, handler, connects) => {
      const leg = new ScriptedLeg(handler)
      attempts.push({ leg, connects })
      return leg
    },
  }
  const planned: Attempt[] = addresses.map((endpoint) => ({ endpoint, upstream, patience: 250 }))
  const done = dialDataCentre(planned, timeout, {
    wheel,
    now: () => wheel.now,
    report: ({ endpoint }, outcome) => reports.push(`${addresses.indexOf(endpoint)} ${outcome}`),
  }).then((value) => {
    result = value
  })
  return { wheel, attempts, done, reports, result: () => result }
}

describe('dialDataCentre', () => {
  test('the first address that answers wins, and the next is not tried beside it', async () => {
    const { attempts, done, wheel, result, reports } = race()
    attempts[0]!.connects()
    await done
    wheel.advance(10_000)
    expect(attempts).toHaveLength(1)
    expect(result()).toMatchObject({ ok: true, endpoint: addresses[0] })
    expect(reports).toEqual(['0 ok'])
  })

  test('a refused address gives way to the next at once', async () => {
    const { attempts, done, result, reports } = race()
    attempts[0]!.leg.fails('ECONNREFUSED')
    attempts[1]!.connects()
    await done
    expect(result()).toMatchObject({ ok: true, endpoint: addresses[1] })
    expect(reports).toEqual(['0 refused', '1 ok'])
  })

  test('a silent address is joined by the next after its patience; the loser is closed', async () => {
    const { attempts, done, wheel, result, reports } = race()
    wheel.advance(200)
    expect(attempts).toHaveLength(1)
    wheel.advance(200)
    expect(attempts).toHaveLength(2)
    attempts[1]!.connects()
    await done
    expect(attempts[0]!.leg.ending).toBe('destroyed')
    expect(attempts[1]!.leg.ending).toBe('open')
    expect(result()).toMatchObject({ ok: true, endpoint: addresses[1] })
    expect(reports).toEqual(['1 ok', '0 slow'])
  })

  test('a late answer of the first still counts, and nothing is said of who was overtaken in time', async () => {
    const { attempts, done, wheel, result, reports } = race()
    wheel.advance(650)
    expect(attempts).toHaveLength(3)
    attempts[0]!.connects()
    await done
    expect(result()).toMatchObject({ ok: true, endpoint: addresses[0] })
    expect(attempts.slice(1).map(({ leg }) => leg.ending)).toEqual(['destroyed', 'destroyed'])
    expect(reports).not.toContain('2 slow')
  })

  test.each([
    ['ECONNREFUSED', 'refused'],
    ['ENETUNREACH', 'unreachable'],
    ['ECONNRESET', 'reset'],
    ['EPROTO', 'error'],
    ['auth', 'auth'],
  ])('all failing with %s is %s', async (code, failure) => {
    const { attempts, done, result } = race()
    for (let at = 0; at < 3; at++) attempts[at]!.leg.fails(code)
    await done
    expect(result()).toEqual({ ok: false, failure })
  })

  test('nothing answers: after the timeout all attempts are closed', async () => {
    const { attempts, done, wheel, result, reports } = race(2000)
    wheel.advance(2200)
    await done
    expect(result()).toEqual({ ok: false, failure: 'timeout' })
    expect(attempts.map(({ leg }) => leg.ending)).toEqual(['destroyed', 'destroyed', 'destroyed'])
    expect(reports).toEqual(['0 timeout', '1 timeout', '2 timeout'])
  })
})
