import { expect, test } from 'vitest'
import { isResPq, writeReqPq } from './req-pq.ts'
import { messageKind } from './transport/client-message.ts'

const NONCE = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const ANSWER = Buffer.from(
  `0000000000000000 01c8831ec97ae551 40000000 63241605 ${NONCE.toString('hex')} a5cf4d33f4a11ea877ba4aa573907330 0817ed48941a08f98100000015c4b51c01000000216be86c022bb4c3`.replaceAll(
    ' ',
    '',
  ),
  'hex',
)

test('the question is one that middle proxies take, with a time in its number', () => {
  const question = writeReqPq(NONCE, 1_700_000_000_500)
  expect(question.toString('hex')).toBe(
    `00000000000000000000008000f1536514000000f18e7ebe${NONCE.toString('hex')}`,
  )
  expect(messageKind(question)).toBe('plain')
  expect(question.readUInt32LE(8) % 4).toBe(0)
})

test('its answer, padded or not', () => {
  expect(isResPq(ANSWER, NONCE)).toBe(true)
  expect(isResPq(Buffer.concat([ANSWER, Buffer.alloc(3)]), NONCE)).toBe(true)
})

test.each([
  ['another nonce', ANSWER, Buffer.alloc(16)],
  ['an error code', Buffer.from('6cfeffff', 'hex'), NONCE],
  ['nothing', Buffer.alloc(0), NONCE],
  ['another constructor', writeReqPq(NONCE, 0), NONCE],
  ['a part of it', ANSWER.subarray(0, 50), NONCE],
])('no answer: %s', (_name, message, nonce) => {
  expect(isResPq(message, nonce)).toBe(false)
})
