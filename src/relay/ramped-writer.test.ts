import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { OutgoingBuffers } from '../net/outgoing.ts'
import { READ_BUFFER_SIZE } from '../net/static-read.ts'
import { Wheel } from '../net/wheel.ts'
import { FULL_RECORD, MIN_RECORD, RecordStripper } from '../protocol/tls/record.ts'
import { RecordWriter } from './record-writer.ts'
import { tlsWriter } from './tls-writer.ts'

/** Of Go. */
const STEP = 1186

function ramped() {
  const client = new ScriptedLeg()
  const wheel = new Wheel()
  const outgoing = new OutgoingBuffers(Buffer.alloc(READ_BUFFER_SIZE))
  return { client, wheel, writer: tlsWriter(client, { rampStep: STEP }, { outgoing, wheel }) }
}

function recordLengths(wire: Buffer): number[] {
  const lengths: number[] = []
  for (let at = 0; at < wire.length; at += 5 + lengths.at(-1)!) lengths.push(wire.readUInt16BE(at + 3))
  return lengths
}

const stream = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff))

test('the records of a long download grow as Go’s do, then they are full', () => {
  const { client, writer } = ramped()
  for (let at = 0; at < 5; at++) expect(writer.write(40_000, stream.subarray(at * 40_000))).toBe(true)
  expect(client.writes).toBe(5)
  expect(recordLengths(client.written).slice(0, 7)).toEqual([1203, 2389, 3575, 4761, 5947, 7133, 8319])
  expect(recordLengths(client.written)).toContain(FULL_RECORD)
})

test('any cut of a stream arrives whole, no record is larger than its place allows or smaller than any stack’s', () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20_000 }))
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 12 }), (cuts) => {
      const { client, writer } = ramped()
      let at = 0
      for (const cut of cuts) {
        writer.write(cut, stream.subarray(at, at + cut))
        at += cut
      }
      const lengths = recordLengths(client.written)
      lengths.forEach((length, index) => {
        expect(length).toBeLessThanOrEqual(Math.min(MIN_RECORD - 1 + STEP * (index + 1), FULL_RECORD))
        expect(length).toBeGreaterThanOrEqual(MIN_RECORD)
      })
      writer.flush()
      const wire = Buffer.from(client.written)
      const payload = wire.subarray(0, new RecordStripper().strip(wire, 0, wire.length))
      expect(payload.equals(stream.subarray(0, at))).toBe(true)
    }),
  )
})

test('a short rest is not withheld', () => {
  const { client, wheel, writer } = ramped()
  writer.write(7, stream)
  expect(client.written.length).toBe(0)
  wheel.advance(200)
  expect(recordLengths(client.written)).toEqual([7])
})

test('without a ramp there is but the usual writer', () => {
  const outgoing = new OutgoingBuffers(Buffer.alloc(READ_BUFFER_SIZE))
  expect(tlsWriter(new ScriptedLeg(), {}, { outgoing, wheel: new Wheel() })).toBeInstanceOf(RecordWriter)
})
