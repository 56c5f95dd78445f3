import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CCS,
  encrypted,
  flightIn,
  flightOf,
  PQ_SHARE,
  SHARE,
  serverHello,
  TLS_13,
} from '../../../test/vectors/flights.ts'
import { hex, seededRandom, vectors } from '../../../test/vectors/vectors.ts'
import { MAX_FLIGHT, sealFlight } from './server-flight.ts'

const SECRET = hex('00112233445566778899aabbccddeeff')
const CLIENT_RANDOM = Buffer.alloc(32, 0xc1)

// What clients do with a flight, each told by its source; true: accepted.
const digestOf = (bytes: Buffer) => {
  const zeroed = Buffer.from(bytes).fill(0, 11, 43)
  return createHmac('sha256', SECRET).update(CLIENT_RANDOM).update(zeroed).digest()
}
const hasDigest = (bytes: Buffer) => bytes.subarray(11, 43).equals(digestOf(bytes))

/** TDLib TlsInit.cpp: two prefixes with a length behind each; the hash ends with the second part, so must the bytes. */
function tdlibAccepts(bytes: Buffer, limit = 0xffff): boolean {
  let at = 0
  for (const prefix of ['160303', '140303000101170303']) {
    const start = hex(prefix)
    if (!bytes.subarray(at, at + start.length).equals(start)) return false
    const length = bytes.readUInt16BE(at + start.length)
    if (length > limit) return false
    at += start.length + 2 + length
  }
  return at === bytes.length && hasDigest(bytes)
}

/** tgnet ConnectionSocket.cpp: the lengths must fit its buffer, the HMAC is over all that has arrived. */
function androidAccepts(bytes: Buffer): boolean {
  const first = bytes.readUInt16BE(3)
  if (first > 65_531) return false
  const second = bytes.readUInt16BE(5 + first + 9)
  return second <= 65_536 - first - 16 && tdlibAccepts(bytes)
}

/** MTTcpConnection.m: as TDLib, with a limit on both lengths. */
const iosAccepts = (bytes: Buffer) => tdlibAccepts(bytes, 10_240)

describe('sealFlight', () => {
  const seal = (bytes: Buffer, expected = 1) =>
    sealFlight(bytes, flightIn(bytes, expected), SECRET, CLIENT_RANDOM, seededRandom('seal'))

  it.each(vectors.faketls)('gives the recorded random for $id', (v) => {
    const bytes = hex(v.server_reply)
    const zeroed = Buffer.from(bytes).fill(0, 11, 43)
    const sealed = sealFlight(zeroed, flightIn(zeroed), SECRET, hex(v.client_random), () => Buffer.alloc(0))
    expect(sealed.toString('hex')).toBe(v.server_reply)
  })

  it('changes nothing but the random of a flight with one encrypted record, and not the input', () => {
    const bytes = flightOf(1_752)
    const before = Buffer.from(bytes)
    const sealed = seal(bytes)
    expect(bytes).toEqual(before)
    expect(Buffer.concat([sealed.subarray(0, 11), sealed.subarray(43)])).toEqual(
      Buffer.concat([bytes.subarray(0, 11), bytes.subarray(43)]),
    )
    expect(sealed.subarray(11, 43)).not.toEqual(bytes.subarray(11, 43))
  })

  it('merges several encrypted records into one of their length and the headers between them', () => {
    const bytes = flightOf(36, 1_631, 96, 53)
    const sealed = seal(bytes, 4)
    expect(sealed.length).toBe(bytes.length)
    expect(flightIn(sealed).encrypted).toEqual([{ offset: 133, length: 36 + 1_631 + 96 + 53 + 15 }])
    expect(sealed.subarray(138, 174)).toEqual(bytes.subarray(138, 174))
    expect(sealed.subarray(174, 179)).not.toEqual(bytes.subarray(174, 179))
    expect(sealed.includes(hex('170303'), 138)).toBe(false)
  })

  it('ends with the flight when more bytes are there', () => {
    const bytes = flightOf(200)
    const more = Buffer.concat([bytes, encrypted(50)])
    expect(sealFlight(more, flightIn(bytes), SECRET, CLIENT_RANDOM, seededRandom('x'))).toEqual(seal(bytes))
  })

  it('is accepted by the clients, and by none with a byte more or changed', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 5 })
    const ids = fc.integer({ min: 0, max: 32 })
    fc.assert(
      fc.property(sizes, ids, fc.boolean(), fc.nat(), (records, id, postQuantum, place) => {
        const extensions = postQuantum ? [PQ_SHARE, TLS_13] : [TLS_13, SHARE]
        const hello = serverHello({ sessionId: Buffer.alloc(id), extensions })
        const sealed = seal(Buffer.concat([hello, CCS, ...records.map(encrypted)]), records.length)
        for (const accepts of [tdlibAccepts, androidAccepts, iosAccepts]) {
          expect(accepts(sealed)).toBe(true)
          expect(accepts(Buffer.concat([sealed, hex('00')]))).toBe(false)
          const changed = Buffer.from(sealed)
          changed[43 + (place % (hello.length - 43))]! ^= 1
          expect(accepts(changed)).toBe(false)
        }
      }),
    )
  })

  it('stays within what TDLib and Android take at the greatest flight; iOS does not take that', () => {
    const rest = MAX_FLIGHT - flightOf(16_640, 16_640, 16_640).length - 5
    const sealed = seal(flightOf(16_640, 16_640, 16_640, rest))
    expect(tdlibAccepts(sealed)).toBe(true)
    expect(androidAccepts(sealed)).toBe(true)
    expect(iosAccepts(sealed)).toBe(false)
  })
})
