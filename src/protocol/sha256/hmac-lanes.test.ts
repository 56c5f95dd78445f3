import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HmacLanes, LANES, MAX_SHARED_MESSAGE, type SharedMessage, sharedMessage } from './hmac-lanes.ts'

const lanes = new HmacLanes()

function digestsOf(message: Buffer, keys: readonly Buffer[]): string[] {
  const states = keys.map((key) => lanes.keyStates(key))
  const words = lanes.digests(sharedMessage(message), states)
  return keys.map((_, lane) => {
    const digest = Buffer.alloc(32)
    for (let word = 0; word < 8; word++) digest.writeInt32BE(words[word * LANES + lane]!, word * 4)
    return digest.toString('hex')
  })
}

function expected(message: Buffer, keys: readonly Buffer[]): string[] {
  return keys.map((key) => createHmac('sha256', key).update(message).digest('hex'))
}

const anyKeys = (length: number) =>
  fc.array(
    fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes)),
    { minLength: 1, maxLength: LANES },
  )

describe('HmacLanes', () => {
  test('is HMAC-SHA256, in every lane', () => {
    const anyMessage = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(anyMessage, anyKeys(16), (message, keys) => {
        expect(digestsOf(message, keys)).toEqual(expected(message, keys))
      }),
    )
  })

  test.each([0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1789, MAX_SHARED_MESSAGE])(
    'also where a message of %d bytes fills its last block',
    (length) => {
      const keys = [randomBytes(16), randomBytes(16), randomBytes(16), randomBytes(16)]
      const message = randomBytes(length)
      expect(digestsOf(message, keys)).toEqual(expected(message, keys))
    },
  )

  test.each([4, 32, 64])('with keys of %d bytes', (length) => {
    const keys = [randomBytes(length), randomBytes(length)]
    expect(digestsOf(Buffer.from('message'), keys)).toEqual(expected(Buffer.from('message'), keys))
  })

  test('two messages in turns do not mix', () => {
    const [one, other] = [randomBytes(500), randomBytes(300)]
    const key = randomBytes(16)
    const [states, first, second] = [lanes.keyStates(key), sharedMessage(one), sharedMessage(other)]
    const digest = (message: SharedMessage) =>
      [...lanes.digests(message, [states])].filter((_, at) => at % LANES === 0)
    const before = digest(first)
    const between = digest(second)
    expect(digest(first)).toEqual(before)
    expect(between).not.toEqual(before)
  })

  test('a message that has no room is refused', () => {
    expect(() => sharedMessage(Buffer.alloc(MAX_SHARED_MESSAGE + 1))).toThrow(RangeError)
  })
})
