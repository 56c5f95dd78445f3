import { Buffer } from 'node:buffer'

// The first question of every client (req_pq_multi) and its answer (resPQ), in the clear: u64 auth_key_id of zero, i64
// msg_id, u32 length of the body, body (https://core.telegram.org/mtproto/auth_key).

const REQ_PQ_MULTI = 0xbe7e8ef1
const RES_PQ = 0x05162463
const MESSAGE_ID_AT = 8
const LENGTH_AT = 16
const BODY_AT = 20
const NONCE_AT = 24
export const PQ_NONCE_SIZE = 16
const QUESTION_SIZE = NONCE_AT + PQ_NONCE_SIZE
/** What resPQ has at least: constructor, both nonces. */
const SHORTEST_ANSWER = BODY_AT + 4 + 2 * PQ_NONCE_SIZE

/**
 * @param nonce 16 bytes, which the answer repeats
 * @param unixMilliseconds for the message id: seconds in the upper half, divisible by four
 */
export function writeReqPq(nonce: Uint8Array, unixMilliseconds: number): Buffer {
  const message = Buffer.alloc(QUESTION_SIZE)
  const fraction = Math.floor(((unixMilliseconds % 1000) / 1000) * 2 ** 30) * 4
  message.writeUInt32LE(fraction, MESSAGE_ID_AT)
  message.writeUInt32LE(Math.floor(unixMilliseconds / 1000) >>> 0, MESSAGE_ID_AT + 4)
  message.writeUInt32LE(4 + PQ_NONCE_SIZE, LENGTH_AT)
  message.writeUInt32LE(REQ_PQ_MULTI, BODY_AT)
  message.set(nonce, NONCE_AT)
  return message
}

/** Whether a message, padding at its end or not, is the answer to the question with that nonce. */
export function isResPq(message: Buffer, nonce: Uint8Array): boolean {
  return (
    message.length >= SHORTEST_ANSWER &&
    message.readBigUInt64LE(0) === 0n &&
    message.readUInt32LE(BODY_AT) === RES_PQ &&
    message.subarray(NONCE_AT, QUESTION_SIZE).equals(nonce)
  )
}
