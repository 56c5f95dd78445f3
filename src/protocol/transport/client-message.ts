import type { Buffer } from 'node:buffer'

// Which messages of a client go on to a middle proxy (MTProxy mtproto-proxy.c, mtproto-common.h).

/** auth_key_id, msg_id, length of the body. */
const PLAIN_HEADER = 20
const SHORTEST_BODY = 20
const SHORTEST_MESSAGE = 28
/** auth_key_id, msg_key, and the header up to the first message's body. */
const SHORTEST_ENCRYPTED = 56

/** The methods of the key exchange. */
const KEY_EXCHANGE = new Set([
  0x60469778, // req_pq
  0xbe7e8ef1, // req_pq_multi
  0xd712e4be, // req_DH_params
  0xf5045f1f, // set_client_DH_params
])

export type MessageKind = 'encrypted' | 'plain'

/** Undefined: no message that a middle proxy takes. */
export function messageKind(message: Buffer): MessageKind | undefined {
  if (message.length < SHORTEST_MESSAGE || message.length % 4 !== 0) return undefined
  const isPlain = message.readUInt32LE(0) === 0 && message.readUInt32LE(4) === 0
  if (!isPlain) return message.length >= SHORTEST_ENCRYPTED ? 'encrypted' : undefined
  const body = message.readUInt32LE(16)
  if (body < SHORTEST_BODY || body + PLAIN_HEADER > message.length) return undefined
  return KEY_EXCHANGE.has(message.readUInt32LE(PLAIN_HEADER)) ? 'plain' : undefined
}
