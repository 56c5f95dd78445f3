import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, vectors } from '../../../test/vectors/vectors.ts'
import { MAX_V1_LENGTH, MAX_V2_PAYLOAD, type ProxyRoute } from './proxy-header.ts'
import { readProxyHeader } from './read-proxy-header.ts'
import { writeLocalHeader, writeProxyHeader } from './write-proxy-header.ts'

const route: ProxyRoute = {
  source: { address: '198.51.100.7', port: 40_000 },
  destination: { address: '203.0.113.5', port: 443 },
}
const SIGNATURE = '0d0a0d0a000d0a515549540a'
const text = (line: string) => readProxyHeader(Buffer.from(line, 'latin1'))

describe('readProxyHeader', () => {
  test.each(vectors.proxy_protocol)('$what', ({ header, source }) => {
    const bytes = hex(header)
    const whole = readProxyHeader(Buffer.concat([bytes, Buffer.from('\x16\x03\x01')]))
    expect(whole).toMatchObject({ state: 'complete', length: bytes.length })
    if (whole.state !== 'complete') return
    expect(whole.route?.source).toEqual(source ? { address: source[0], port: source[1] } : undefined)
    for (let n = 0; n < bytes.length; n++) {
      expect(readProxyHeader(bytes.subarray(0, n)), `${n} bytes`).toEqual({ state: 'incomplete' })
    }
  })

  test.each([
    ['a ClientHello', '\x16\x03\x01\x02\x00', 'missing'],
    ['HTTP', 'POST / HTTP/1.1\r\n', 'missing'],
    ['another signature', '\r\n\r\n\x01', 'missing'],
    ['two spaces', 'PROXY TCP4  198.51.100.7 203.0.113.5 1 2\r\n', 'malformed'],
    ['a port with a leading zero', 'PROXY TCP4 198.51.100.7 203.0.113.5 01 2\r\n', 'malformed'],
    ['a port beyond 65,535', 'PROXY TCP4 198.51.100.7 203.0.113.5 65536 2\r\n', 'malformed'],
    ['IPv6 in TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n', 'malformed'],
    ['LF alone', 'PROXY UNKNOWN\n', 'malformed'],
    ['no end', `PROXY UNKNOWN ${'x'.repeat(MAX_V1_LENGTH)}\r\n`, 'too_long'],
  ])('%s', (_what, line, code) => {
    expect(text(line)).toEqual({ state: 'bad', code })
  })

  test.each([
    ['version 3', `${SIGNATURE}31110000`, 'malformed'],
    ['command 2', `${SIGNATURE}22110000`, 'malformed'],
    ['family 4', `${SIGNATURE}21410000`, 'malformed'],
    ['transport 3', `${SIGNATURE}21130000`, 'malformed'],
    ['addresses cut off', `${SIGNATURE}2111000bc6336407cb0071059c4001`, 'malformed'],
    ['more than we read', `${SIGNATURE}2111ffff`, 'too_long'],
  ])('version 2, %s', (_what, bytes, code) => {
    expect(readProxyHeader(hex(bytes))).toEqual({ state: 'bad', code })
  })

  test.each([
    ['unix stream', `${SIGNATURE}213100d8${'00'.repeat(216)}`],
    ['local with addresses', `${SIGNATURE}2011000cc6336407cb0071059c4001bb`],
    ['unspecified with TLVs', `${SIGNATURE}2100000304000100`.slice(0, 38)],
  ])('%s is a connection of the sender itself', (_what, bytes) => {
    expect(readProxyHeader(hex(bytes))).toMatchObject({ state: 'complete', route: undefined })
  })

  test('a datagram family tells its addresses all the same', () => {
    const reading = readProxyHeader(hex(`${SIGNATURE}2112000cc6336407cb0071059c4001bb`))
    expect(reading).toMatchObject({ state: 'complete', route })
  })

  test('TLVs up to the limit are passed over', () => {
    const length = MAX_V2_PAYLOAD.toString(16).padStart(4, '0')
    const header = hex(`${SIGNATURE}2111${length}c6336407cb0071059c4001bb${'20'.repeat(MAX_V2_PAYLOAD - 12)}`)
    expect(readProxyHeader(header)).toMatchObject({ state: 'complete', length: header.length, route })
  })

  test('any bytes: a verdict, never an exception, and more bytes never change it', () => {
    const start = fc.constantFrom('', SIGNATURE, '50524f585920', `${SIGNATURE}21`, `${SIGNATURE}2111000c`)
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), fc.nat(320), (head, tail, cut) => {
        const bytes = Buffer.concat([hex(head), tail])
        const early = readProxyHeader(bytes.subarray(0, cut))
        const late = readProxyHeader(bytes)
        if (early.state !== 'incomplete') expect(late).toEqual(early)
        if (late.state === 'complete') expect(late.length).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('writeProxyHeader', () => {
  test('says what the vectors say', () => {
    const [v1, , , , v2] = vectors.proxy_protocol
    expect(writeProxyHeader('v1', route).toString('hex')).toBe(v1!.header)
    expect(writeProxyHeader('v2', route).toString('hex')).toBe(v2!.header)
    expect(writeLocalHeader('v2').toString('hex')).toBe(`${SIGNATURE}20000000`)
    expect(writeLocalHeader('v1').toString()).toBe('PROXY UNKNOWN\r\n')
  })

  test('ends of two families are both IPv6', () => {
    const mixed = { ...route, destination: { address: '2001:db8::5', port: 443 } }
    expect(writeProxyHeader('v1', mixed).toString()).toBe(
      'PROXY TCP6 ::ffff:198.51.100.7 2001:db8::5 40000 443\r\n',
    )
    const header = writeProxyHeader('v2', mixed)
    expect(header[13]).toBe(0x21)
    expect(readProxyHeader(header)).toMatchObject({ route: mixed })
  })

  test.each([
    ['no route', undefined],
    ['no address', { ...route, source: { address: '', port: 0 } }],
  ])('%s: the header says that it does not know', (_what, given) => {
    expect(writeProxyHeader('v1', given).toString()).toBe('PROXY UNKNOWN\r\n')
    expect(writeProxyHeader('v2', given).toString('hex')).toBe(`${SIGNATURE}21000000`)
  })

  test('any route comes back, in both versions', () => {
    const peer = fc.record({
      address: fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::1', 'fe80::2')),
      port: fc.nat(65_535),
    })
    const version = fc.constantFrom('v1' as const, 'v2' as const)
    fc.assert(
      fc.property(version, peer, peer, (written, source, destination) => {
        const header = writeProxyHeader(written, { source, destination })
        expect(readProxyHeader(header)).toEqual({
          state: 'complete',
          version: written === 'v1' ? 1 : 2,
          length: header.length,
          route: { source, destination },
        })
      }),
    )
  })
})
