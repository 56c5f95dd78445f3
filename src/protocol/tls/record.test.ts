import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, seededRandom } from '../../../test/vectors/vectors.ts'
import {
  BAD_RECORD_TYPE,
  BAD_RECORD_VERSION,
  FULL_RECORD,
  framedSize,
  frameRecords,
  MIN_RECORD,
  RecordStripper,
} from './record.ts'

const bytes = (n: number) => seededRandom('payload')(n)

function framed(payload: Buffer): Buffer {
  const out = Buffer.alloc(framedSize(payload.length))
  expect(frameRecords(out, 0, payload, 0, payload.length)).toBe(out.length)
  return out
}

/** Strips the wire in pieces of the given sizes, again and again; returns the payload or the code. */
function stripped(wire: Buffer, sizes: number[], stripper = new RecordStripper()): Buffer | number {
  const parts: Buffer[] = []
  for (let at = 0, i = 0; at < wire.length; i++) {
    const n = Math.min(sizes[i % sizes.length]!, wire.length - at)
    // Margins on both sides: what lies around the piece must stay as it is.
    const input = Buffer.alloc(n + 6, 0xcc)
    wire.copy(input, 3, at, at + n)
    const length = stripper.strip(input, 3, n)
    expect(input.subarray(0, 3)).toEqual(hex('cccccc'))
    expect(input.subarray(n + 3)).toEqual(hex('cccccc'))
    if (length < 0) return length
    parts.push(input.subarray(3, 3 + length))
    at += n
  }
  return Buffer.concat(parts)
}

describe('frameRecords', () => {
  it.each([
    [1, ['0001']],
    [MIN_RECORD - 1, ['0011']],
    [FULL_RECORD - 1, ['4010']],
    [FULL_RECORD, ['4011']],
    [FULL_RECORD + 1, ['4011', '0001']],
    [2 * FULL_RECORD, ['4011', '4011']],
    [65_536, ['4011', '4011', '4011', '3fcd']],
  ])('%d bytes: records of %j', (n, lengths) => {
    const payload = bytes(n)
    const expected = lengths.map((length, i) =>
      Buffer.concat([
        hex(`170303${length}`),
        payload.subarray(i * FULL_RECORD, i * FULL_RECORD + Number.parseInt(length, 16)),
      ]),
    )
    expect(framed(payload)).toEqual(Buffer.concat(expected))
  })

  it('writes nothing for nothing', () => {
    expect(framedSize(0)).toBe(0)
    expect(frameRecords(Buffer.alloc(0), 0, Buffer.alloc(0), 0, 0)).toBe(0)
  })

  it('takes a part of a plain Uint8Array and writes behind what is there', () => {
    const out = Buffer.alloc(12, 0xcc)
    expect(frameRecords(out, 2, Uint8Array.of(1, 2, 3, 4, 5), 1, 3)).toBe(10)
    expect(out).toEqual(hex('cccc 170303 0003 020304 cccc'))
  })
})

describe('RecordStripper', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 8 })

  it('round trip, however the wire is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40_000 }), sizes, (n, cuts) => {
        expect(stripped(framed(bytes(n)), cuts)).toEqual(bytes(n))
      }),
    )
  })

  it('takes records of 2878, 16,408 and 65,535 bytes, headers cut, too', () => {
    const payloads = [2_878, 16_408, 65_535].map(bytes)
    const wire = Buffer.concat(
      payloads.flatMap((p) => [hex(`170303${p.length.toString(16).padStart(4, '0')}`), p]),
    )
    expect(stripped(wire, [wire.length])).toEqual(Buffer.concat(payloads))
    expect(stripped(wire, [2_881, 3, 16_404, 65_000, 1_000])).toEqual(Buffer.concat(payloads))
  })

  const EMPTY = '1703030000'
  const ONE = '1703030001aa'
  const CCS = '140303000101'

  it('skips empty records', () => {
    expect(stripped(hex(EMPTY + ONE + EMPTY + EMPTY + ONE), [7])).toEqual(hex('aaaa'))
  })

  it('skips ChangeCipherSpec only while that is allowed', () => {
    const wire = hex(CCS + ONE + CCS + ONE)
    for (const size of [1, 2, 5, 100]) {
      const stripper = new RecordStripper()
      stripper.allowChangeCipherSpec = true
      expect(stripped(wire, [size], stripper)).toEqual(hex('aaaa'))
      expect(stripped(wire, [size])).toBe(BAD_RECORD_TYPE)
    }
  })

  it.each([
    ['150303', BAD_RECORD_TYPE],
    ['160303', BAD_RECORD_TYPE],
    ['00', BAD_RECORD_TYPE],
    ['170403', BAD_RECORD_VERSION],
    ['170301', BAD_RECORD_VERSION],
  ])('a record %s gives %d, and every later call does', (header, code) => {
    const stripper = new RecordStripper()
    expect(stripped(hex(ONE + header), [1], stripper)).toBe(code)
    expect(stripper.strip(hex(ONE), 0, 6)).toBe(code)
  })

  it('refuses a ChangeCipherSpec that is not one byte long', () => {
    const stripper = new RecordStripper()
    stripper.allowChangeCipherSpec = true
    expect(stripped(hex('1403030002 0101'), [3], stripper)).toBe(BAD_RECORD_TYPE)
  })

  it('any bytes: the same result however they are cut, and never more than went in', () => {
    const near = fc
      .array(fc.constantFrom(EMPTY, ONE, CCS, '1703030003aabbcc', '17', '15', '0303'))
      .map((a) => hex(a.join('')))
    const wires = fc.oneof(
      near,
      fc.uint8Array({ maxLength: 40 }).map((b) => Buffer.from(b)),
    )
    fc.assert(
      fc.property(wires, sizes, fc.boolean(), (wire, cuts, allow) => {
        const run = (pieces: number[]) => {
          const stripper = new RecordStripper()
          stripper.allowChangeCipherSpec = allow
          return stripped(wire, pieces, stripper)
        }
        const whole = run([1_000])
        expect(run(cuts.map((n) => n % 9 || 1))).toEqual(whole)
        expect(typeof whole === 'number' ? whole < 0 : whole.length <= wire.length).toBe(true)
      }),
    )
  })
})
