import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CCS, encrypted, extension, flightIn, PQ_SHARE, serverHello } from '../../../test/vectors/flights.ts'
import { type ClientHello, readClientHello } from './client-hello.ts'
import { type HelloClass, writeClientHello } from './hello-writer.ts'
import { composeFlight, type RecordedFlight, readRecordedFlight, recordFlight } from './recorded-flight.ts'

function helloOf(helloClass: HelloClass): ClientHello {
  const reading = readClientHello(
    writeClientHello({ class: helloClass, domain: 'www.example.org' }, randomBytes),
  )
  if (reading.state !== 'complete') throw new Error(reading.state)
  return reading.hello
}

const BUN: RecordedFlight = {
  cipherSuite: 0x1301,
  group: 0x11ec,
  extensions: [
    [0x33, ''],
    [0x2b, '0304'],
  ],
  records: [1752],
  alpn: 'h2,http/1.1',
}
const OLD: RecordedFlight = { ...BUN, group: 0x1d, records: [32, 1631, 96, 69] }

describe('a recorded flight', () => {
  it('is what does not differ by chance', () => {
    const bytes = Buffer.concat([
      serverHello({ extensions: [PQ_SHARE, extension('002b', '0304')] }),
      CCS,
      encrypted(1752),
    ])
    expect(recordFlight(bytes, flightIn(bytes), ['h2', 'http/1.1'])).toEqual(BUN)
  })

  it('is made again with the same sizes and order for a hello of its class', () => {
    for (const [flight, helloClass] of [
      [BUN, 'tdlib'],
      [BUN, 'darwin'],
      [OLD, 'legacy'],
    ] as const) {
      const hello = helloOf(helloClass)
      const bytes = composeFlight(flight, hello, randomBytes)!
      const again = flightIn(bytes, flight.records.length)
      expect(again.length).toBe(bytes.length)
      expect(recordFlight(bytes, again, ['h2', 'http/1.1'])).toEqual(flight)
      expect(bytes.subarray(44, 76)).toEqual(hello.sessionId)
    }
  })

  it('has nothing in common with another but its form', () => {
    const hello = helloOf('tdlib')
    const [one, two] = [1, 2].map(() => composeFlight(BUN, hello, randomBytes)!)
    const at = 76 + 2 + 1 + 2
    expect(one!.subarray(at + 8, at + 1128)).not.toEqual(two!.subarray(at + 8, at + 1128))
    expect(one!.subarray(-1752)).not.toEqual(two!.subarray(-1752))
  })

  it('is not made for a hello that does not offer what it chose', () => {
    expect(composeFlight(BUN, helloOf('legacy'), randomBytes)).toBeUndefined()
    expect(composeFlight({ ...OLD, group: 0x17 }, helloOf('legacy'), randomBytes)).toBeUndefined()
    expect(composeFlight({ ...OLD, cipherSuite: 0x1399 }, helloOf('legacy'), randomBytes)).toBeUndefined()
  })

  it('is not made for a share that a server refuses', () => {
    const hello = helloOf('legacy')
    const shareAt = hello.record.indexOf(Buffer.from('001d0020', 'hex')) + 4
    const record = Buffer.from(hello.record)
    record.fill(0, shareAt, shareAt + 32)
    expect(composeFlight(OLD, { ...hello, record }, randomBytes)).toBeUndefined()
  })
})

describe('readRecordedFlight', () => {
  it('takes what was written', () => {
    expect(readRecordedFlight(JSON.parse(JSON.stringify(OLD)))).toEqual(OLD)
  })

  it.each([
    ['nothing', null],
    ['no group', { ...OLD, group: 'x' }],
    ['a group that cannot be answered', { ...OLD, group: 0x6399 }],
    ['no key share', { ...OLD, extensions: [[0x2b, '0304']] }],
    ['half a byte', { ...OLD, extensions: [...OLD.extensions, [9, '0']] }],
    ['no records', { ...OLD, records: [] }],
    ['a record of nothing', { ...OLD, records: [0] }],
    ['a record that is too long', { ...OLD, records: [16_641] }],
    ['too many bytes', { ...OLD, records: Array(4).fill(16_000) }],
    ['a cipher suite of three bytes', { ...OLD, cipherSuite: 0x1_0000 }],
  ])('refuses %s', (_what, value) => {
    expect(readRecordedFlight(value)).toBeUndefined()
  })

  it('never throws, and what it takes can be composed', () => {
    const hello = helloOf('legacy')
    const damaged = fc.record(
      {
        cipherSuite: fc.anything(),
        group: fc.constantFrom(0x1d, 0x11ec, 7),
        extensions: fc.anything(),
        records: fc.array(fc.integer()),
        alpn: fc.anything(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(damaged, fc.anything()), (value) => {
        const flight = readRecordedFlight(value)
        if (flight) composeFlight(flight, hello, randomBytes)
      }),
    )
  })
})
