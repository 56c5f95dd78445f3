import { Buffer } from 'node:buffer'
import type { Transport } from '../obfuscated2.ts'

const LONG_ABRIDGED = 0x7f
/** Padding of frames towards a padded client, bytes: 0 to this (the official proxy's range). */
export const MAX_PADDING = 3
/** A message this short is an error code, and clients tell it from others by its length. */
const SHORT_MESSAGE = 16
const NONE = Buffer.alloc(0)

/** What stands before and behind a message in its frame. */
export interface FrameEnds {
  readonly header: Buffer
  readonly padding: Buffer
}

/**
 * The frame of a message towards the client.
 * @param length of the message, bytes: whole words
 * @param random for the padding: 0 to 3 bytes, none behind an error code
 */
export function frameEnds(transport: Transport, length: number, random: (n: number) => Buffer): FrameEnds {
  if (transport === 'abridged') return { header: abridgedHeader(length / 4), padding: NONE }
  const isPadded = transport === 'padded' && length >= SHORT_MESSAGE
  const padding = isPadded ? random(random(1)[0]! & MAX_PADDING) : NONE
  const header = Buffer.allocUnsafe(4)
  header.writeUInt32LE(length + padding.length)
  return { header, padding }
}

/** One message, a whole number of words, as a frame towards the client. */
export function writeFrame(transport: Transport, message: Uint8Array, random: (n: number) => Buffer): Buffer {
  const { header, padding } = frameEnds(transport, message.length, random)
  return Buffer.concat([header, message, padding])
}

function abridgedHeader(words: number): Buffer {
  if (words < LONG_ABRIDGED) return Buffer.from([words])
  const header = Buffer.alloc(4, LONG_ABRIDGED)
  header.writeUIntLE(words, 1, 3)
  return header
}

/**
 * The raw form of a quick ack: four bytes outside any frame. Its top bit stands where a client of that transport looks
 * for it: in the first byte, or in the fourth (TDLib TcpTransport.cpp).
 * @param token u32 with bit 31 set
 */
export function writeQuickAck(transport: Transport, token: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  if (transport === 'abridged') bytes.writeUInt32BE(token)
  else bytes.writeUInt32LE(token)
  return bytes
}
