import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CCS, encrypted, flightIn, PQ_SHARE, SHARE, serverHello, TLS_13 } from '../../test/vectors/flights.ts'
import { FLIGHT_PARSERS, refusedSegments, SEGMENTS } from '../../test/world/clients/flight-parsers.ts'
import { sealFlight } from '../protocol/tls/server-flight.ts'
import { stumbles, stumblingInterfaces } from './segments.ts'

/** What a client gets of a front's flight with these encrypted records. */
function sealed(share: Buffer, ...sizes: number[]): Buffer {
  const bytes = Buffer.concat([serverHello({ extensions: [share, TLS_13] }), CCS, ...sizes.map(encrypted)])
  return sealFlight(bytes, flightIn(bytes, sizes.length), randomBytes(16), randomBytes(32), randomBytes)
}

const FLIGHTS = {
  'one record behind ML-KEM': sealed(PQ_SHARE, 1752),
  'four records merged behind ML-KEM': sealed(PQ_SHARE, 32, 1631, 96, 69),
  'four records merged behind X25519': sealed(SHARE, 36, 1631, 96, 53),
}
const between = (from: number, to: number) => SEGMENTS.filter((size) => size >= from && size <= to)

describe.each(Object.entries(FLIGHTS))('%s, in segments of 536 to 1460 bytes', (name, flight) => {
  test.each(['tdlib', 'desktop', 'ios'] as const)('%s accepts every one', (client) => {
    expect(refusedSegments(client, flight)).toEqual([])
  })

  test('Android accepts all but those that are known', () => {
    const refused = refusedSegments('android', flight)
    expect(refused).toEqual(name.includes('ML-KEM') ? [...between(608, 612), ...between(1215, 1225)] : [])
    expect(refused).toEqual(SEGMENTS.filter((size) => stumbles(flightIn(flight).serverHello.end, size)))
  })
})

test('the models refuse what the clients refuse', () => {
  const flight = FLIGHTS['one record behind ML-KEM']
  for (const make of Object.values(FLIGHT_PARSERS)) {
    expect(make().feed(serverHello({ extensions: [] }).fill(0x17, 0, 1))).toBe('hello mismatch')
    expect(make().feed(Buffer.concat([flight.subarray(0, 1215), encrypted(9), encrypted(9)]))).toContain(
      'mismatch',
    )
  }
  expect(FLIGHT_PARSERS.android().feed(Buffer.concat([flight, encrypted(9)]))).toBe('hash mismatch')
  expect(FLIGHT_PARSERS.tdlib().feed(Buffer.concat([flight, encrypted(9)]))).toBe('accepted')
  expect(FLIGHT_PARSERS.ios().feed(sealed(SHARE, 10_241))).toBe('data too long')
})

test('an interface is named with the family that it concerns', () => {
  const mtus = [1500, 1492, 1280, 1260, 9000].map((mtu, at) => ({ name: `eth${at}`, mtu }))
  expect(stumblingInterfaces(1215, mtus)).toEqual(['eth2 (MTU 1280, IPv6)', 'eth3 (MTU 1260, IPv4)'])
  expect(stumblingInterfaces(127, mtus)).toEqual([])
})
