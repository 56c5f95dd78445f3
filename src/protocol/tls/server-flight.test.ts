import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CCS,
  encrypted,
  extension,
  flightIn,
  flightOf,
  PQ_SHARE,
  SHARE,
  serverHello,
  TLS_13,
} from '../../../test/vectors/flights.ts'
import { hex, vectors } from '../../../test/vectors/vectors.ts'
import { MAX_FLIGHT, readServerFlight } from './server-flight.ts'

const ALERT = hex('15030300020228')

describe('readServerFlight', () => {
  it.each(vectors.faketls)('reads the reply of $id', (v) => {
    const flight = flightIn(hex(v.server_reply))
    const [hello, , data] = v.server_reply_records
    expect(flight).toEqual({
      length: hex(v.server_reply).length,
      serverHello: {
        end: 5 + hello!.length,
        cipherSuite: 0x1301,
        group: 0x001d,
        extensions: [0x0033, 0x002b],
      },
      encrypted: [{ offset: 133, length: data!.length }],
    })
  })

  it('reads a post-quantum ServerHello in the order of its extensions', () => {
    const flight = flightIn(
      Buffer.concat([serverHello({ extensions: [TLS_13, PQ_SHARE] }), CCS, encrypted(1_752)]),
    )
    expect(flight.serverHello).toEqual({
      end: 1_215,
      cipherSuite: 0x1301,
      group: 0x11ec,
      extensions: [0x2b, 0x33],
    })
  })

  it.each([0, 8, 32])('takes a session id of %d bytes', (n) => {
    const flight = flightIn(Buffer.concat([serverHello({ sessionId: Buffer.alloc(n) }), CCS, encrypted(100)]))
    expect(flight.serverHello.end).toBe(95 + n)
  })

  it('is complete with the records expected, at a record boundary, and takes all that are there', () => {
    const bytes = flightOf(36, 1_631, 96, 53)
    for (let n = 0; n < bytes.length; n++) {
      expect(readServerFlight(bytes.subarray(0, n), 4).state).toBe('incomplete')
    }
    expect(flightIn(bytes, 4).encrypted.map((r) => r.length)).toEqual([36, 1_631, 96, 53])
    expect(flightIn(bytes, 1).encrypted).toHaveLength(4)
    expect(flightIn(bytes, 0).encrypted).toHaveLength(4)
    expect(readServerFlight(bytes.subarray(0, -1), 1)).toMatchObject({ state: 'incomplete' })
  })

  it('says how far it has come', () => {
    const bytes = flightOf(36, 100)
    const far = (n: number) => readServerFlight(bytes.subarray(0, n), Number.POSITIVE_INFINITY)
    expect(far(132)).toEqual({ state: 'incomplete', encryptedRecords: 0, atRecordBoundary: false })
    expect(far(133)).toEqual({ state: 'incomplete', encryptedRecords: 0, atRecordBoundary: true })
    expect(far(174)).toEqual({ state: 'incomplete', encryptedRecords: 1, atRecordBoundary: true })
    expect(far(175)).toEqual({ state: 'incomplete', encryptedRecords: 1, atRecordBoundary: false })
    expect(far(bytes.length)).toEqual({ state: 'incomplete', encryptedRecords: 2, atRecordBoundary: true })
  })

  it('never needs a hello to be told that nothing has come', () => {
    expect(readServerFlight(Buffer.alloc(0), 0)).toMatchObject({ state: 'incomplete', encryptedRecords: 0 })
  })

  it('holds no more than its limit', () => {
    const most = Array<number>(3).fill(16_640)
    const used = flightOf(...most).length
    expect(flightIn(flightOf(...most, MAX_FLIGHT - used - 5)).length).toBe(MAX_FLIGHT)
    expect(readServerFlight(flightOf(...most, MAX_FLIGHT - used - 4), 1)).toEqual({
      state: 'unmirrorable',
      code: 'too_long',
    })
  })
})

describe('unmirrorable', () => {
  const retryRandom = hash('sha256', 'HelloRetryRequest', 'buffer')
  const group = extension('0033', '11ec')
  const certificate = hex('0b000003000000')
  const hello = serverHello()

  it.each<[string, Buffer, string]>([
    ['an alert', ALERT, 'alert'],
    ['an alert after the ServerHello', Buffer.concat([hello, ALERT]), 'alert'],
    ['an alert in place of the encrypted record', Buffer.concat([hello, CCS, ALERT]), 'alert'],
    ['an HTTP answer', Buffer.from('HTTP/1.1 400 Bad Request'), 'not_tls'],
    ['SSL 2', hex('16 02'), 'not_tls'],
    ['application data first', encrypted(20), 'unexpected_record'],
    ['TLS 1.0', hex('16 0301'), 'tls12'],
    ['TLS 1.2 without extensions', serverHello({ extensions: undefined }), 'tls12'],
    ['TLS 1.2', serverHello({ extensions: [extension('ff01', '00')] }), 'tls12'],
    ['TLS 1.2, whole flight in one record', serverHello({ extensions: [], after: certificate }), 'tls12'],
    ['another version', serverHello({ extensions: [extension('002b', '7f1c'), SHARE] }), 'tls12'],
    [
      'HelloRetryRequest',
      serverHello({ random: retryRandom, extensions: [TLS_13, group] }),
      'hello_retry_request',
    ],
    ['a second message in the record', serverHello({ after: certificate }), 'malformed'],
    ['a message longer than its record', hex('160303 0006 02 000076 0303'), 'malformed'],
    ['another message', hex('160303 0004 0b 000000'), 'malformed'],
    ['no key share', serverHello({ extensions: [TLS_13] }), 'malformed'],
    ['an extension twice', serverHello({ extensions: [TLS_13, SHARE, TLS_13] }), 'malformed'],
    ['a session id of 33 bytes', serverHello({ sessionId: Buffer.alloc(33) }), 'malformed'],
    ['an empty record', hex('160303 0000'), 'malformed'],
    ['no ChangeCipherSpec', Buffer.concat([hello, encrypted(20)]), 'unexpected_record'],
    ['a second handshake record', Buffer.concat([hello, hello]), 'unexpected_record'],
    ['a ChangeCipherSpec of two bytes', Buffer.concat([hello, hex('140303 0002 0101')]), 'malformed'],
    ['a ChangeCipherSpec with another value', Buffer.concat([hello, hex('140303 0001 02')]), 'malformed'],
    ['two ChangeCipherSpec', Buffer.concat([hello, CCS, CCS]), 'unexpected_record'],
    ['an empty encrypted record', Buffer.concat([hello, CCS, hex('170303 0000')]), 'malformed'],
    ['an encrypted record above the limit', Buffer.concat([hello, CCS, hex('170303 4101')]), 'malformed'],
    ['another record version', Buffer.concat([hello, CCS, hex('170301')]), 'unexpected_record'],
  ])('%s', (_, bytes, code) => {
    expect(readServerFlight(bytes, 1)).toEqual({ state: 'unmirrorable', code })
    expect(readServerFlight(Buffer.concat([bytes, hex('1703030001')]), 1)).toEqual({
      state: 'unmirrorable',
      code,
    })
  })
})

describe('any bytes', () => {
  const good = flightOf(36, 100, 20)
  const damaged = fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })).map(([at, value]) => {
    const bytes = Buffer.from(good)
    bytes[at] = value
    return bytes
  })

  it('give a verdict that a longer prefix never changes', () => {
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        let verdict = readServerFlight(bytes.subarray(0, 0), 3)
        for (let n = 1; n <= bytes.length; n++) {
          const next = readServerFlight(bytes.subarray(0, n), 3)
          if (verdict.state === 'unmirrorable') expect(next).toEqual(verdict)
          verdict = next
        }
      }),
      { numRuns: 60 },
    )
  })
})
