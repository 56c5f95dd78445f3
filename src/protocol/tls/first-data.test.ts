import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, seededRandom } from '../../../test/vectors/vectors.ts'
import { type FirstDataReading, MAX_LEADING_CCS, readFirstData } from './first-data.ts'
import { BAD_RECORD_TYPE } from './record.ts'

const CCS = hex('140303000101')
const PAYLOAD = seededRandom('first data')(200)
const INIT = PAYLOAD.subarray(0, 64)

function data(payload: Buffer): Buffer {
  const header = hex('1703030000')
  header.writeUInt16BE(payload.length, 3)
  return Buffer.concat([header, payload])
}

/** The payload in records of the given sizes; the last takes what is left. */
function records(payload: Buffer, sizes: number[]): Buffer {
  const parts: Buffer[] = []
  let left = payload
  for (const size of [...sizes, left.length]) {
    if (left.length > 0) parts.push(data(left.subarray(0, size)))
    left = left.subarray(size)
  }
  return Buffer.concat(parts)
}

function complete(bytes: Uint8Array) {
  const reading = readFirstData(bytes)
  if (reading.state !== 'complete') throw new Error(JSON.stringify(reading))
  return reading
}

/** Reads prefixes that grow by the given sizes until there is a verdict; what comes later goes to the stripper. */
function fed(bytes: Buffer, sizes: number[]): FirstDataReading | { init: Buffer; payload: Buffer } {
  let end = 0
  let reading = readFirstData(bytes.subarray(0, 0))
  for (let i = 0; reading.state === 'incomplete' && end < bytes.length; i++) {
    end = Math.min(end + sizes[i % sizes.length]!, bytes.length)
    reading = readFirstData(bytes.subarray(0, end))
  }
  if (reading.state !== 'complete') return reading
  const later = Buffer.from(bytes.subarray(end))
  const length = reading.stripper.strip(later, 0, later.length)
  if (length < 0) return { state: 'bad', code: 'wrong_type' }
  return { init: reading.init, payload: Buffer.concat([reading.rest, later.subarray(0, length)]) }
}

describe('first data of the clients', () => {
  it('TDLib: CCS and one record with init and first frame in one write', () => {
    const reading = complete(Buffer.concat([CCS, data(PAYLOAD)]))
    expect(reading.init).toEqual(INIT)
    expect(reading.rest).toEqual(PAYLOAD.subarray(64))
  })

  it('mtcute: CCS alone, then the data', () => {
    expect(readFirstData(CCS)).toEqual({ state: 'incomplete', started: false })
    expect(complete(Buffer.concat([CCS, data(PAYLOAD)])).init).toEqual(INIT)
  })

  it('gotd: the init alone in its record', () => {
    const reading = complete(Buffer.concat([CCS, data(INIT)]))
    expect(reading.init).toEqual(INIT)
    expect(reading.rest).toHaveLength(0)
    const more = data(PAYLOAD)
    expect(reading.stripper.strip(more, 0, more.length)).toBe(PAYLOAD.length)
  })

  it('says when application data has begun', () => {
    const wire = Buffer.concat([CCS, data(PAYLOAD)])
    for (let n = 0; n <= 6; n++) {
      expect(readFirstData(wire.subarray(0, n))).toEqual({ state: 'incomplete', started: false })
    }
    for (let n = 7; n < 6 + 5 + 64; n++) {
      expect(readFirstData(wire.subarray(0, n))).toEqual({ state: 'incomplete', started: true })
    }
    const early = complete(wire.subarray(0, 6 + 5 + 64))
    expect(early.init).toEqual(INIT)
    expect(early.rest).toHaveLength(0)
  })

  it('leaves its input as it was, and keeps nothing of it', () => {
    const wire = Buffer.concat([CCS, records(PAYLOAD, [10, 20, 70])])
    const before = Buffer.from(wire)
    const reading = complete(wire)
    expect(wire).toEqual(before)
    wire.fill(0)
    expect(reading.init).toEqual(INIT)
    expect(reading.rest).toEqual(PAYLOAD.subarray(64))
  })

  const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 })

  it('any records, any arrival: the same init and the same payload', () => {
    const changes = fc.integer({ min: 0, max: MAX_LEADING_CCS })
    fc.assert(
      fc.property(changes, cuts, cuts, (count, sizes, arrivals) => {
        const wire = Buffer.concat([...Array<Buffer>(count).fill(CCS), records(PAYLOAD, sizes)])
        expect(fed(wire, arrivals)).toEqual({ init: INIT, payload: PAYLOAD.subarray(64) })
      }),
    )
  })

  it('any bytes: the same verdict however they arrive', () => {
    const pieces = fc.constantFrom(
      '140303000101',
      '1703030008',
      '170303',
      'aabbccdd00112233',
      '17',
      '1703030000',
    )
    const near = fc.array(pieces, { maxLength: 30 }).map((list) => hex(list.join('')))
    const wires = fc.oneof(
      near,
      fc.uint8Array({ maxLength: 100 }).map((b) => Buffer.from(b)),
    )
    fc.assert(
      fc.property(wires, cuts, (wire, arrivals) => {
        expect(fed(wire, arrivals)).toEqual(fed(wire, [1_000]))
      }),
    )
  })
})

describe('bad', () => {
  const flood = Buffer.concat(Array<Buffer>(MAX_LEADING_CCS + 1).fill(CCS))
  it.each<[string, Buffer, string]>([
    ['junk', hex('00'), 'wrong_type'],
    ['a plaintext alert', hex('15'), 'wrong_type'],
    ['a handshake record', hex('16'), 'wrong_type'],
    ['HTTP', Buffer.from('G'), 'wrong_type'],
    ['another major version', hex('1702'), 'wrong_type'],
    ['another minor version', hex('170301'), 'wrong_type'],
    ['an empty record', hex('1703030000'), 'empty_record'],
    ['an empty record after some data', Buffer.concat([data(hex('aa')), hex('1703030000')]), 'empty_record'],
    ['a record above 16,640 bytes', hex('1703034101'), 'record_too_long'],
    ['a CCS flood', flood.subarray(0, -1), 'too_many_ccs'],
    ['a CCS of two bytes', hex('1403030002'), 'wrong_type'],
    ['an empty CCS', hex('1403030000'), 'empty_record'],
    ['a CCS with another value', hex('140303000102'), 'wrong_type'],
    ['a CCS between data', Buffer.concat([data(hex('aa')), hex('14')]), 'wrong_type'],
  ])('%s, known with its last byte', (_, wire, code) => {
    expect(readFirstData(wire)).toEqual({ state: 'bad', code })
    expect(readFirstData(wire.subarray(0, -1)).state).toBe('incomplete')
  })

  it('a record of 16,640 bytes is not too long', () => {
    expect(complete(data(Buffer.concat([INIT, Buffer.alloc(16_576)]))).rest).toHaveLength(16_576)
  })

  it('something else behind the init, whether here already or later', () => {
    const start = Buffer.concat([CCS, data(PAYLOAD)])
    const alert = hex('15030300020228')
    expect(readFirstData(Buffer.concat([start, alert]))).toEqual({ state: 'bad', code: 'wrong_type' })
    expect(complete(start).stripper.strip(alert, 0, alert.length)).toBe(BAD_RECORD_TYPE)
  })
})
