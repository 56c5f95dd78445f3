import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  LoggedReplayMemory,
  REPLAY_RECORD,
  readReplayRecords,
  restoreReplays,
  writeReplayRecord,
} from './replay-log.ts'
import { ReplayMemory } from './replay-memory.ts'

const NOW = 1_750_000_000
const DAY = 86_400

const newMemory = (capacity = 400) => new ReplayMemory(new SharedArrayBuffer(ReplayMemory.bytes(capacity)))

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

describe('what is remembered', () => {
  function remembering(memory = newMemory()) {
    const written: Buffer[] = []
    const hellos = new LoggedReplayMemory(memory, { append: (bytes) => written.push(Buffer.from(bytes)) })
    return { hellos, written }
  }

  test('a fresh one is in the log with the time of its arrival, a copy is not written again', () => {
    const { hellos, written } = remembering()
    const digest = randomBytes(32)
    expect(hellos.insert(digest, NOW)).toBe('fresh')
    expect(hellos.insert(digest, NOW)).toBe('replay')
    expect(written.map((bytes) => read(bytes))).toEqual([
      [{ digest: digest.subarray(0, 16).toString('hex'), seconds: NOW }],
    ])
  })

  test('whatever time a copy carries, and whenever it comes, it is one', () => {
    const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const arrival = fc.record({ after: fc.nat(400 * DAY), time: fc.nat(0xffffffff) })
    fc.assert(
      fc.property(digest, fc.array(arrival, { minLength: 1, maxLength: 20 }), (first, copies) => {
        const { hellos } = remembering()
        expect(hellos.insert(first, NOW)).toBe('fresh')
        for (const { after, time } of copies) {
          const copy = Buffer.from(first)
          copy.writeUInt32LE(time, 28)
          expect(hellos.insert(copy, NOW + after)).toBe('replay')
        }
      }),
    )
  })

  test('what made room is written too: of the two it is the one that is known after a restart', () => {
    const { hellos, written } = remembering(newMemory(1))
    const marks = Array.from({ length: 129 }, () => randomBytes(16))
    const verdicts = marks.map((mark) => hellos.insert(mark, NOW))
    expect(verdicts.at(-1)).toBe('fresh_forgot')
    expect(written).toHaveLength(129)
  })

  test('after a restart every copy is known, however the log is cut into chunks', () => {
    const { hellos, written } = remembering()
    const sent = Array.from({ length: 40 }, () => randomBytes(32))
    for (const [at, digest] of sent.entries()) hellos.insert(digest, NOW + at * DAY)
    const whole = Buffer.concat(written)
    for (const size of [1, 7, REPLAY_RECORD, 100, whole.length]) {
      const memory = newMemory()
      const shared = Buffer.alloc(size)
      const chunks = function* () {
        for (let at = 0; at < whole.length; at += size)
          yield shared.subarray(0, whole.copy(shared, 0, at, at + size))
      }
      expect(restoreReplays(chunks(), memory)).toBe(40)
      for (const digest of sent) expect(memory.insert(digest)).toBe('replay')
      expect(memory.insert(randomBytes(32))).toBe('fresh')
    }
  })

  test('so it is whatever times the log says, as old ones say those of clients, and with records torn', () => {
    const digests = [0, NOW - 30 * DAY, NOW - 600, NOW, NOW + 600, 0xffffffff].map((seconds) => ({
      digest: randomBytes(32),
      seconds,
    }))
    const torn = record(randomBytes(32), NOW).subarray(0, 13)
    const log = digests.flatMap(({ digest, seconds }) => [record(digest, seconds), torn])
    const memory = newMemory()
    expect(restoreReplays([Buffer.concat(log)], memory)).toBe(digests.length)
    for (const { digest } of digests) expect(memory.insert(digest)).toBe('replay')
  })

  test('of a log that holds more than the memory the newest are known', () => {
    const marks = Array.from({ length: 5000 }, () => randomBytes(16))
    const memory = newMemory(800)
    restoreReplays([Buffer.concat(marks.map((mark) => record(mark, NOW)))], memory)
    for (const mark of marks.slice(-800)) expect(memory.insert(mark)).toBe('replay')
    expect(memory.insert(marks[0]!)).toBe('fresh_forgot')
  })
})
