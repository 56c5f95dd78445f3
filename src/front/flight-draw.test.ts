import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type ClientHello, readClientHello } from '../protocol/tls/client-hello.ts'
import { type HelloClass, writeClientHello } from '../protocol/tls/hello-writer.ts'
import type { RecordedFlight } from '../protocol/tls/recorded-flight.ts'
import { FlightDraw } from './flight-draw.ts'
import type { Flights } from './profile.ts'

function helloOf(name: HelloClass): ClientHello {
  const reading = readClientHello(writeClientHello({ class: name, domain: 'www.example.org' }, randomBytes))
  if (reading.state !== 'complete') throw new Error(reading.state)
  return reading.hello
}

const TDLIB = helloOf('tdlib')
const OFFER = TDLIB.alpn.join()
const LEGACY = helloOf('legacy')

const flight = (records: readonly number[], alpn = OFFER): RecordedFlight => ({
  cipherSuite: 0x1301,
  group: 0x11ec,
  extensions: [[0x33, '']],
  records,
  alpn,
})

/** So many flights of each of these sizes. */
function lot(
  sizes: Record<number, number>,
  { alpn = OFFER, before = [] as number[] } = {},
): RecordedFlight[] {
  return Object.entries(sizes).flatMap(([size, count]) =>
    Array.from({ length: count }, () => flight([...before, Number(size)], alpn)),
  )
}

const legacyLot = (sizes: Record<number, number>, before: number[] = []) =>
  lot(sizes, { alpn: LEGACY.alpn.join(), before })

const DRAWS = 9600

/** In how many of a hundred draws each flight comes, as its records: over random numbers spread evenly. */
function shares(flights: Flights, hello = TDLIB): Record<string, number> {
  const draw = new FlightDraw(flights)
  const counts: Record<string, number> = {}
  for (let at = 0; at < DRAWS; at++) {
    const evenly = Buffer.alloc(4)
    evenly.writeUInt32LE(Math.floor(((at + 0.5) / DRAWS) * 2 ** 32))
    const records = draw.draw(hello, () => evenly)!.records.join()
    counts[records] = (counts[records] ?? 0) + 100 / DRAWS
  }
  return Object.fromEntries(Object.entries(counts).map(([records, share]) => [records, Math.round(share)]))
}

describe('FlightDraw', () => {
  it('takes each of the whole flights now and then, and no mean of them', () => {
    expect(shares({ tdlib: [flight([10, 30]), flight([12, 28])] })).toEqual({ '10,30': 50, '12,28': 50 })
  })

  it('prefers those that were sent to the same offer', () => {
    const http = flight([20], 'http/1.1')
    expect(shares({ tdlib: [http, flight([10])] })).toEqual({ 10: 100 })
    expect(shares({ tdlib: [http] })).toEqual({ 20: 100 })
  })

  it('knows nothing of another class', () => {
    const draw = new FlightDraw({ legacy: [flight([10])] })
    expect(draw.draw(TDLIB, randomBytes)).toBeUndefined()
  })

  it('takes the sizes of one class in the shares that they have in all classes, whatever constant is between them', () => {
    // Largest, one less, two less: 96, 96 and 48 of all 240, which no ECDSA signature has.
    const flights = {
      tdlib: lot({ 1752: 12, 1751: 18, 1750: 10 }),
      darwin: lot({ 1760: 36, 1759: 28, 1758: 16 }, { alpn: 'http/1.1' }),
      legacy: legacyLot({ 1700: 48, 1699: 50, 1698: 22 }),
    }
    expect(shares(flights)).toEqual({ 1752: 40, 1751: 40, 1750: 20 })
    expect(shares(flights, LEGACY)).toEqual({ 1700: 40, 1699: 40, 1698: 20 })
  })

  it('takes them in those of an ECDSA signature where what was seen may well be its length', () => {
    expect(shares({ tdlib: lot({ 1752: 7, 1751: 20, 1750: 13 }) })).toEqual({ 1752: 25, 1751: 50, 1750: 25 })
    const many = { tdlib: lot({ 1752: 190, 1751: 390, 1750: 186, 1749: 2 }) }
    expect(shares(many)).toMatchObject({ 1752: 25, 1751: 50, 1750: 25 })
  })

  it('but not where one flight is shorter than any signature makes it', () => {
    const tdlib = lot({ 1752: 8, 1751: 20, 1750: 10, 1748: 2 })
    expect(shares({ tdlib })).toEqual({ 1752: 20, 1751: 50, 1750: 25, 1748: 5 })
  })

  it('counts the offers of one class as much as classes', () => {
    const tdlib = [
      ...lot({ 1752: 4, 1751: 4, 1750: 12 }),
      ...lot({ 1758: 16, 1757: 16, 1756: 48 }, { alpn: 'http/1.1' }),
    ]
    expect(shares({ tdlib })).toEqual({ 1752: 20, 1751: 20, 1750: 60 })
  })

  it('takes no size that the class was not seen with; the others keep their proportion', () => {
    const flights = {
      tdlib: lot({ 1752: 20, 1751: 20 }),
      legacy: legacyLot({ 1700: 20, 1699: 30, 1698: 10 }),
    }
    expect(shares(flights)).toEqual({ 1752: 44, 1751: 56 })
  })

  it('counts what the records of one flight deviate by together, never one by one', () => {
    const pairs = (count: number, records: number[], alpn = OFFER) =>
      Array.from({ length: count }, () => flight([30, ...records], alpn))
    const { alpn } = LEGACY
    const flights = {
      tdlib: [...pairs(30, [97, 53]), ...pairs(10, [96, 52])],
      // Records of 96 and of 52 too, but never one with the other.
      legacy: [
        ...pairs(32, [97, 53], alpn.join()),
        ...pairs(4, [96, 53], alpn.join()),
        ...pairs(4, [97, 52], alpn.join()),
      ],
    }
    expect(shares(flights)).toEqual({ '30,97,53': 86, '30,96,52': 14 })
  })

  it.each([
    ['are too few', legacyLot({ 1700: 2, 1699: 13 })],
    ['have another number of records', legacyLot({ 1700: 15, 1699: 45 }, [32])],
    ['differ by more than a signature', legacyLot({ 1700: 15, 1699: 44, 1650: 1 })],
    ['have one size, as of another certificate', legacyLot({ 1700: 60 })],
    ['follow another law', legacyLot({ 1700: 4, 1699: 56 })],
  ])('takes no share from flights that %s', (_, legacy) => {
    expect(shares({ tdlib: lot({ 1752: 24, 1751: 16 }), legacy })).toEqual({ 1752: 60, 1751: 40 })
  })
})
