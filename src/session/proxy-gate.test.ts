import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import type { LegHandler } from '../net/leg.ts'
import { Wheel } from '../net/wheel.ts'
import type { ProxyRoute } from '../protocol/proxy-header/proxy-header.ts'
import { writeLocalHeader, writeProxyHeader } from '../protocol/proxy-header/write-proxy-header.ts'
import { ProxyGate } from './proxy-gate.ts'

const route: ProxyRoute = {
  source: { address: '198.51.100.7', port: 40_000 },
  destination: { address: '203.0.113.5', port: 443 },
}

function gate() {
  const wheel = new Wheel()
  const leg = new ScriptedLeg()
  const results: string[] = []
  const admitted: (ProxyRoute | undefined)[] = []
  const got: Buffer[] = []
  const next: LegHandler = {
    onBytes: (_leg, n, bytes) => {
      got.push(Buffer.from(bytes.subarray(0, n)))
      return true
    },
    onDrain() {},
    onEnd() {},
    onLost() {},
    onClosed() {},
  }
  leg.handler = new ProxyGate(leg, 3000, {
    wheel,
    counted: (result) => results.push(result),
    admit: (from) => {
      admitted.push(from)
      return next
    },
  })
  return { wheel, leg, results, admitted, next, got: () => Buffer.concat(got) }
}

describe('ProxyGate', () => {
  test('any split: the header is taken off, everything behind it is handed on', () => {
    const version = fc.constantFrom('v1' as const, 'v2' as const)
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 20 })
    fc.assert(
      fc.property(version, fc.uint8Array({ maxLength: 100 }), cuts, (written, payload, sizes) => {
        const { leg, admitted, got, results } = gate()
        const wire = Buffer.concat([writeProxyHeader(written, route), payload])
        let at = 0
        for (const size of [...sizes, wire.length]) {
          if (at < wire.length) leg.says(wire.subarray(at, at + size))
          at += size
        }
        expect(admitted).toEqual([route])
        expect(got().equals(payload)).toBe(true)
        expect(results).toEqual([written])
      }),
    )
  })

  test('a local header admits the peer itself', () => {
    const { leg, admitted, results } = gate()
    leg.says(writeLocalHeader('v2'))
    expect(admitted).toEqual([undefined])
    expect(results).toEqual(['local'])
  })

  test('bytes without a header are refused with a reset', () => {
    const { leg, admitted, results } = gate()
    leg.says(Buffer.from('\x16\x03\x01'))
    expect(leg.ending).toBe('reset')
    expect(admitted).toEqual([])
    expect(results).toEqual(['missing'])
  })

  test('a silent or slow peer has until its own deadline', () => {
    const { leg, wheel, results } = gate()
    leg.says(Buffer.from('PROXY '))
    wheel.advance(2900)
    expect(leg.ending).toBe('open')
    wheel.advance(300)
    expect(leg.ending).toBe('reset')
    expect(results).toEqual(['timeout'])
  })

  test('who was admitted has no deadline any more', () => {
    const { leg, wheel, next } = gate()
    leg.says(writeProxyHeader('v1', route))
    wheel.advance(60_000)
    expect(leg.ending).toBe('open')
    expect(leg.handler).toBe(next)
  })

  test.each(['ends', 'fails', 'closes'] as const)('a peer that %s before the header', (how) => {
    const { leg, wheel, results } = gate()
    leg[how]()
    wheel.advance(10_000)
    leg.closes()
    expect(results).toEqual(['gone'])
    if (how === 'ends') expect(leg.ending).toBe('destroyed')
  })
})
