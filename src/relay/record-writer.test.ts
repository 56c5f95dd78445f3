import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { OutgoingBuffers } from '../net/outgoing.ts'
import { READ_BUFFER_SIZE } from '../net/static-read.ts'
import { Wheel } from '../net/wheel.ts'
import { FULL_RECORD, LEAST_FULL_RECORD, MIN_RECORD, RecordStripper } from '../protocol/tls/record.ts'
import { RecordWriter } from './record-writer.ts'

function writer(full?: number) {
  const client = new ScriptedLeg()
  const wheel = new Wheel()
  const outgoing = new OutgoingBuffers(Buffer.alloc(READ_BUFFER_SIZE))
  return { client, wheel, records: new RecordWriter(client, outgoing, wheel, full) }
}

function recordLengths(wire: Buffer): number[] {
  const lengths: number[] = []
  for (let at = 0; at < wire.length; at += 5 + lengths.at(-1)!) {
    expect(wire.subarray(at, at + 3).toString('hex')).toBe('170303')
    lengths.push(wire.readUInt16BE(at + 3))
  }
  return lengths
}

function payloadOf(wire: Buffer): Buffer {
  const copy = Buffer.from(wire)
  return copy.subarray(0, new RecordStripper().strip(copy, 0, copy.length))
}

const stream = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff))

describe('RecordWriter', () => {
  test('a full read leaves as full records only', () => {
    const { client, records } = writer()
    records.write(READ_BUFFER_SIZE, stream.subarray(0, READ_BUFFER_SIZE))
    expect(new Set(recordLengths(client.written))).toEqual(new Set([FULL_RECORD]))
    expect(client.writes).toBe(1)
  })

  test('of a site with smaller records a full read leaves as those, in one write', () => {
    const { client, records } = writer(LEAST_FULL_RECORD)
    records.write(READ_BUFFER_SIZE, stream.subarray(0, READ_BUFFER_SIZE))
    expect(new Set(recordLengths(client.written).slice(0, -1))).toEqual(new Set([LEAST_FULL_RECORD]))
    expect(client.writes).toBe(1)
  })

  test.each([FULL_RECORD, 4113])(
    'any cut of a stream arrives whole in records of at most %d, and none has a size that no TLS stack sends',
    (full) => {
      const sizes = fc.oneof(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40_000 }),
        fc.constant(FULL_RECORD + 3),
      )
      fc.assert(
        fc.property(fc.array(sizes, { minLength: 1, maxLength: 12 }), (cuts) => {
          const { client, records } = writer(full)
          let at = 0
          for (const cut of cuts) {
            const part = Buffer.from(stream.subarray(at, at + cut))
            records.write(part.length, part)
            part.fill(0)
            at += cut
          }
          for (const length of recordLengths(client.written)) {
            expect(length).toBeGreaterThanOrEqual(MIN_RECORD)
            expect(length).toBeLessThanOrEqual(full)
          }
          records.flush()
          expect(payloadOf(client.written)).toEqual(stream.subarray(0, at))
        }),
      )
    },
  )

  test('a rest goes out by itself when nothing follows it', () => {
    const { client, records, wheel } = writer()
    records.write(4, Buffer.from('quic'))
    expect(client.writes).toBe(0)
    wheel.advance(200)
    expect(payloadOf(client.written).toString()).toBe('quic')
    records.write(3, Buffer.from('ack'))
    records.write(30, Buffer.alloc(30, 0x61))
    expect(recordLengths(client.written)).toEqual([4, 33])
  })

  test('nothing is sent to a connection that is gone', () => {
    const { client, records, wheel } = writer()
    records.write(4, Buffer.from('rest'))
    records.discard()
    wheel.advance(200)
    expect(client.writes).toBe(0)
  })
})
