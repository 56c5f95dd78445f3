import { Buffer } from 'node:buffer'
import { u16At } from '../cursor.ts'
import {
  CLIENT_HELLO,
  HANDSHAKE,
  HANDSHAKE_HEADER,
  MAX_PLAIN_RECORD,
  RECORD_HEADER,
  VERSION_MAJOR,
} from './constants.ts'

/** Bytes of a handshake message, its 4-byte header included, that we are willing to reassemble. */
export const MAX_CLIENT_HELLO = 16_384

/** Records over which one hello may be spread: mtg's limit. */
export const MAX_HELLO_RECORDS = 10

export type HelloErrorCode = 'not_tls' | 'not_client_hello' | 'too_long' | 'too_many_records' | 'malformed'

export type HelloRecords =
  | { state: 'incomplete' }
  | { state: 'bad'; code: HelloErrorCode }
  | { state: 'whole'; record: Buffer; wireLength: number }

const INCOMPLETE = { state: 'incomplete' } as const

/**
 * Finds the end of a ClientHello in its records and puts the message under one record header.
 *
 * Every verdict hangs on the earliest byte that allows it, so a longer prefix of the same bytes never changes it.
 * While bytes are missing, only record headers and the four bytes of the message's own header are looked at.
 * What a single record carried keeps its header; a fragmented message gets `16 03 01` and its length, as with mtg.
 */
export function gatherHello(bytes: Uint8Array): HelloRecords {
  const head: Head = { read: 0, body: 0 }
  let at = 0
  let gathered = 0
  let needed = Number.POSITIVE_INFINITY
  for (let records = 0; gathered < needed; records++) {
    if (records === MAX_HELLO_RECORDS) return bad('too_many_records')
    const payload = at + RECORD_HEADER
    const fault = headerFault(bytes, at)
    if (fault !== undefined) return bad(fault)
    if (bytes.length < payload) return INCOMPLETE

    const length = u16At(bytes, at + 3)
    at = payload + length
    const headFault = readHead(head, bytes, payload, Math.min(at, bytes.length))
    if (headFault !== undefined) return bad(headFault)
    if (head.read === HANDSHAKE_HEADER) needed = HANDSHAKE_HEADER + head.body
    gathered += length
    // A server answers bytes behind the message with an alert: what follows needs new keys (RFC 8446 §5.1).
    if (gathered > needed) return bad('malformed')
    if (at > bytes.length) return INCOMPLETE
  }
  return { state: 'whole', record: joinRecords(bytes, at, needed), wireLength: at }
}

/** The message's own header, which records may cut anywhere: how much of it is read, and the length it tells. */
interface Head {
  read: number
  body: number
}

function readHead(head: Head, bytes: Uint8Array, from: number, to: number): HelloErrorCode | undefined {
  for (let at = from; at < to && head.read < HANDSHAKE_HEADER; at++, head.read++) {
    const byte = bytes[at]!
    if (head.read === 0 && byte !== CLIENT_HELLO) return 'not_client_hello'
    if (head.read > 0) head.body |= byte << (8 * (HANDSHAKE_HEADER - 1 - head.read))
    if (HANDSHAKE_HEADER + head.body > MAX_CLIENT_HELLO) return 'too_long'
  }
  return undefined
}

function headerFault(bytes: Uint8Array, at: number): HelloErrorCode | undefined {
  const left = bytes.length - at
  const foreign = at === 0 ? 'not_tls' : 'malformed'
  if (left > 0 && bytes[at] !== HANDSHAKE) return foreign
  if (left > 1 && bytes[at + 1] !== VERSION_MAJOR) return foreign
  if (left < RECORD_HEADER) return undefined
  const length = u16At(bytes, at + 3)
  // Handshake records may not be empty (RFC 8446 §5.1).
  if (length === 0) return 'malformed'
  return length > MAX_PLAIN_RECORD ? 'too_long' : undefined
}

function joinRecords(bytes: Uint8Array, end: number, message: number): Buffer {
  const joined = Buffer.allocUnsafe(RECORD_HEADER + message)
  if (end === joined.length) {
    joined.set(bytes.subarray(0, end))
    return joined
  }
  joined.writeUIntBE(0x160301, 0, 3)
  joined.writeUInt16BE(message, 3)
  let to = RECORD_HEADER
  for (let at = 0; at < end; ) {
    const payload = at + RECORD_HEADER
    at = payload + u16At(bytes, at + 3)
    joined.set(bytes.subarray(payload, at), to)
    to += at - payload
  }
  return joined
}

function bad(code: HelloErrorCode): HelloRecords {
  return { state: 'bad', code }
}
