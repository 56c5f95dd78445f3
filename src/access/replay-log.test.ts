import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  REPLAY_RECORD,
  RememberedHellos,
  readReplayRecords,
  restoreHellos,
  writeReplayRecord,
} from './replay-log.ts'
import { ReplaySet } from './replay-set.ts'

const SKEW = 600
const NOW = 1_750_000_000

const newSet = () => new ReplaySet(new SharedArrayBuffer(ReplaySet.bytes(SKEW, 64)), SKEW)

function record(digest: Buffer, seconds: number): Buffer {
  const bytes = Buffer.alloc(REPLAY_RECORD)
  writeReplayRecord(bytes, digest, seconds)
  return bytes
}

function read(bytes: Buffer): { digest: string; seconds: number }[] {
  const found: { digest: string; seconds: number }[] = []
  readReplayRecords(bytes, (digest, seconds) => found.push({ digest: digest.toString('hex'), seconds }))
  return found
}

describe('the record of a hello', () => {
  test('is its digest, its time and a check', () => {
    const digest = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
    const bytes = record(digest, 0x12345678)
    expect(bytes.toString('hex')).toBe('000102030405060708090a0b0c0d0e0f78563412bf084304')
    expect(read(bytes)).toEqual([{ digest: digest.subarray(0, 16).toString('hex'), seconds: 0x12345678 }])
  })

  test('every whole one is found, whatever was torn before, between and behind', () => {
    const piece = fc.oneof(
      fc.record({ whole: fc.uint8Array({ minLength: 32, maxLength: 32 }), seconds: fc.nat(0xffffffff) }),
      fc.record({ torn: fc.uint8Array({ minLength: 1, maxLength: REPLAY_RECORD - 1 }) }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const expected: string[] = []
        const parts = pieces.map((one) => {
          if ('torn' in one) return Buffer.from(one.torn)
          expected.push(Buffer.from(one.whole.subarray(0, 16)).toString('hex'))
          return record(Buffer.from(one.whole), one.seconds)
        })
        expect(read(Buffer.concat(parts)).map(({ digest }) => digest)).toEqual(expected)
      }),
    )
  })
})

describe('hellos that are remembered', () => {
  function remembering() {
    const written: Buffer[] = []
    const set = newSet()
    const hellos = new RememberedHellos(set, { append: (bytes) => written.push(Buffer.from(bytes)) })
    return { hellos, written, set }
  }

  test('a fresh one is in the log, a copy is not written again', () => {
    const { hellos, written } = remembering()
    const digest = randomBytes(32)
    expect(hellos.insert(digest, NOW)).toBe('fresh')
    expect(hellos.insert(digest, NOW)).toBe('replay')
    expect(written.map((bytes) => read(bytes))).toEqual([
      [{ digest: digest.subarray(0, 16).toString('hex'), seconds: NOW }],
    ])
  })

  test('after a restart every copy is known, however the log is cut into chunks', () => {
    const { hellos, written } = remembering()
    const sent = Array.from({ length: 40 }, (_, n) => ({
      digest: randomBytes(32),
      seconds: NOW - SKEW + n * 30,
    }))
    for (const { digest, seconds } of sent) hellos.insert(digest, seconds)
    const whole = Buffer.concat(written)
    for (const size of [1, 7, REPLAY_RECORD, 100, whole.length]) {
      const set = newSet()
      const shared = Buffer.alloc(size)
      const chunks = function* () {
        for (let at = 0; at < whole.length; at += size)
          yield shared.subarray(0, whole.copy(shared, 0, at, at + size))
      }
      expect(restoreHellos(chunks(), set, { nowSeconds: NOW, skewSeconds: SKEW })).toBe(40)
      for (const { digest, seconds } of sent) expect(set.insert(digest, seconds)).toBe('replay')
      expect(set.insert(randomBytes(32), NOW)).toBe('fresh')
    }
  })

  test('what cannot be valid any more takes nobody’s place', () => {
    const digests = [NOW - SKEW - 1, NOW - SKEW, NOW + SKEW, NOW + SKEW + 1].map((seconds) =>
      record(randomBytes(32), seconds),
    )
    expect(restoreHellos([Buffer.concat(digests)], newSet(), { nowSeconds: NOW, skewSeconds: SKEW })).toBe(2)
  })
})
