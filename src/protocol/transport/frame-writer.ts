import { Buffer } from 'node:buffer'
import type { Transport } from '../obfuscated2.ts'

const LONG_ABRIDGED = 0x7f
/** Padding of frames towards a padded client, bytes: 0 to this (the official proxy's range). */
export const MAX_PADDING = 3
/** A message this short is an error code, and clients tell it from others by its length. */
const SHORT_MESSAGE = 16

/**
 * One message, a whole number of words, as a frame towards the client.
 * @param random for the padding: 0 to 3 bytes, none behind an error code
 */
export function writeFrame(transport: Transport, message: Uint8Array, random: (n: number) => Buffer): Buffer {
  const { length } = message
  if (transport === 'abridged') return Buffer.concat([abridgedHeader(length / 4), message])
  const header = Buffer.allocUnsafe(4)
  const padding =
    transport === 'padded' && length >= SHORT_MESSAGE ? random(random(1)[0]! & MAX_PADDING) : Buffer.alloc(0)
  header.writeUInt32LE(length + padding.length)
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
