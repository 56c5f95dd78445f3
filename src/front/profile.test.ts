import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readClientHello } from '../protocol/tls/client-hello.ts'
import { writeClientHello } from '../protocol/tls/hello-writer.ts'
import type { RecordedFlight } from '../protocol/tls/recorded-flight.ts'
import { drawFlight, FLIGHTS_KEPT, renewFlights } from './profile.ts'

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
    for (let i = 0; i < 100; i++) flights = renewFlights(flights, { tdlib: [flight(1000 + (i % 3))] })
    expect(flights).toEqual({ tdlib: Array.from({ length: FLIGHTS_KEPT }, (_, i) => flight(1000 + (i % 3))) })
  })

  it('forgets what the front shows no longer', () => {
    const before = { tdlib: [flight(1751), flight(1752)] }
    expect(renewFlights(before, { tdlib: [flight(2400)] })).toEqual({ tdlib: [flight(2400)] })
    expect(renewFlights(before, { tdlib: [flight(1753)] }).tdlib).toHaveLength(3)
    expect(renewFlights(before, { tdlib: [flight(36, 1751)] }).tdlib).toHaveLength(1)
    const other = { ...flight(1751), cipherSuite: 0x1302 }
    expect(renewFlights(before, { tdlib: [other] })).toEqual({ tdlib: [other] })
  })

  it('keeps a class of which nothing new came', () => {
    const before = { tdlib: [flight(1751)], legacy: [flight(1700)] }
    expect(renewFlights(before, { legacy: [] })).toEqual(before)
  })
})

describe('drawFlight', () => {
  const bytes = writeClientHello({ class: 'tdlib', domain: 'www.example.org' }, randomBytes)
  const reading = readClientHello(bytes)
  if (reading.state !== 'complete') throw new Error(reading.state)
  const { hello } = reading

  it('takes each of the whole flights now and then, and no mean of them', () => {
    const drawn = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const one = drawFlight({ flights: { tdlib: [flight(10, 30), flight(12, 28)] } }, hello, randomBytes)
      drawn.add(one!.records.join())
    }
    expect([...drawn].toSorted()).toEqual(['10,30', '12,28'])
  })

  it('prefers those that were sent to the same offer', () => {
    const http = { ...flight(20), alpn: 'http/1.1' }
    for (let i = 0; i < 20; i++) {
      expect(drawFlight({ flights: { tdlib: [http, flight(10)] } }, hello, randomBytes)).toEqual(flight(10))
    }
    expect(drawFlight({ flights: { tdlib: [http] } }, hello, randomBytes)).toEqual(http)
  })

  it('knows nothing of another class', () => {
    expect(drawFlight({ flights: { legacy: [flight(10)] } }, hello, randomBytes)).toBeUndefined()
  })
})
