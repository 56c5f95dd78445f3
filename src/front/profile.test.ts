import { describe, expect, it } from 'vitest'
import type { RecordedFlight } from '../protocol/tls/recorded-flight.ts'
import { FLIGHTS_KEPT, type Flights, renewFlights } from './profile.ts'

const flight = (...records: number[]): RecordedFlight => ({
  cipherSuite: 0x1301,
  group: 0x11ec,
  extensions: [
    [0x33, ''],
    [0x2b, '0304'],
  ],
  records,
  alpn: 'h2,http/1.1',
})

describe('renewFlights', () => {
  it('adds the newest at the end and keeps a bounded number', () => {
    let flights = {}
    for (let i = 0; i < 2 + FLIGHTS_KEPT; i++)
      flights = renewFlights(flights, { tdlib: [flight(1000 + (i % 3))] })
    expect(flights).toEqual({
      tdlib: Array.from({ length: FLIGHTS_KEPT }, (_, i) => flight(1000 + ((i + 2) % 3))),
    })
  })

  it('forgets what the front shows no longer', () => {
    const before = { tdlib: [flight(1751), flight(1752)] }
    expect(renewFlights(before, { tdlib: [flight(2400)] })).toEqual({ tdlib: [flight(2400)] })
    expect(renewFlights(before, { tdlib: [flight(1753)] }).tdlib).toHaveLength(3)
    expect(renewFlights(before, { tdlib: [flight(36, 1751)] }).tdlib).toHaveLength(1)
    const other = { ...flight(1751), cipherSuite: 0x1302 }
    expect(renewFlights(before, { tdlib: [other] })).toEqual({ tdlib: [other] })
  })

  /** A P-256 signature's lengths as they come: the longest each fourth time. */
  const signed = (count: number, size: number, alpn = 'h2') =>
    Array.from({ length: count }, (_, i) => ({ ...flight(32, size - [0, 1, 1, 2][i % 4]!), alpn }))
  const renewed = (before: Flights, fresh: Flights, rounds: number) => {
    let flights = before
    for (let round = 0; round < rounds; round++) flights = renewFlights(flights, fresh)
    return flights
  }

  it('forgets a certificate of nearly the same size', () => {
    const before = { tdlib: signed(100, 1999) }
    const larger = renewed(before, { tdlib: signed(4, 2000) }, 2)
    expect(larger.tdlib).toEqual(signed(8, 2000))
    const smaller = renewed(before, { tdlib: signed(4, 1998) }, 12)
    expect(smaller.tdlib!.slice(-48)).toEqual(signed(48, 1998))
    // Those behind the last of 1999 can be of either.
    expect(smaller.tdlib).toHaveLength(51)
  })

  it('keeps all of one certificate, whatever the offer adds to it', () => {
    const both = [...signed(100, 1999), ...signed(100, 2005, 'http/1.1')]
    const fresh = { tdlib: [...signed(4, 1999), ...signed(4, 2005, 'http/1.1')] }
    expect(renewed({ tdlib: both }, fresh, 5).tdlib).toHaveLength(240)
  })

  it('keeps a class of which nothing new came', () => {
    const before = { tdlib: [flight(1751)], legacy: [flight(1700)] }
    expect(renewFlights(before, { legacy: [] })).toEqual(before)
  })
})
