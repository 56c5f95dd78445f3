import { Buffer } from 'node:buffer'
import { u16At } from '../cursor.ts'
import { hmacInput, hmacSha256 } from '../hmac-sha256.ts'
import {
  ALERT,
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  HANDSHAKE,
  MAX_CIPHERTEXT_RECORD,
  MAX_PLAIN_RECORD,
  RANDOM_AT,
  RANDOM_SIZE,
  RECORD_HEADER,
  VERSION_MAJOR,
  VERSION_MINOR,
} from './constants.ts'
import { readServerHello, type ServerHello } from './server-hello.ts'

/** Bytes that we are willing to hold of a front's first flight. */
export const MAX_FLIGHT = 65_536

/** iOS refuses a flight whose ServerHello or encrypted record carries more (MTTcpConnection.m): for warnings. */
export const MAX_ENCRYPTED_RECORD = 10_240

/** Where the parts of a front's first flight stand: ServerHello, ChangeCipherSpec, encrypted records. */
export interface ServerFlight {
  /** Total bytes. */
  readonly length: number
  /** `end`: offset after its record. */
  readonly serverHello: ServerHello & { readonly end: number }
  /** `offset` of the record's header, `length` of its payload. */
  readonly encrypted: readonly { readonly offset: number; readonly length: number }[]
}

export type UnmirrorableCode =
  | 'alert'
  | 'not_tls'
  | 'tls12'
  | 'hello_retry_request'
  | 'too_long'
  | 'malformed'
  | 'unexpected_record'

export type FlightReading =
  | { state: 'incomplete'; encryptedRecords: number; atRecordBoundary: boolean }
  | { state: 'complete'; flight: ServerFlight }
  | { state: 'unmirrorable'; code: UnmirrorableCode }

/** What each record of the flight must be; the last row holds for all that follow. */
const RECORDS = [
  { type: HANDSHAKE, limit: MAX_PLAIN_RECORD },
  { type: CHANGE_CIPHER_SPEC, limit: 1 },
  { type: APPLICATION_DATA, limit: MAX_CIPHERTEXT_RECORD },
] as const

/**
 * Reads what the front has sent so far, from its first byte.
 *
 * 'complete' when at least `expectedRecords` (never less than one) encrypted records are whole and the bytes end with
 * a record: then all of them are the flight. Infinity never completes: for learning how many a site sends.
 * 'unmirrorable' is final: the client would not take such a flight from anybody (TDLib TlsInit.cpp).
 */
export function readServerFlight(bytes: Uint8Array, expectedRecords: number): FlightReading {
  let hello: (ServerHello & { end: number }) | undefined
  const encrypted: { offset: number; length: number }[] = []
  let at = 0
  for (let index = 0; ; index++) {
    const { type, limit } = RECORDS[Math.min(index, 2)]!
    const fault = headerFault(bytes, at, type, limit)
    if (fault !== undefined) return { state: 'unmirrorable', code: fault }
    if (bytes.length < at + RECORD_HEADER) break

    const length = u16At(bytes, at + 3)
    const end = at + RECORD_HEADER + length
    if (end > MAX_FLIGHT) return { state: 'unmirrorable', code: 'too_long' }
    if (end > bytes.length) break
    if (type === HANDSHAKE) {
      const reading = readServerHello(viewOf(bytes, at + RECORD_HEADER, end))
      if (typeof reading === 'string') return { state: 'unmirrorable', code: reading }
      hello = { ...reading, end }
    } else if (type === CHANGE_CIPHER_SPEC) {
      if (bytes[end - 1] !== 1) return { state: 'unmirrorable', code: 'malformed' }
    } else {
      encrypted.push({ offset: at, length })
    }
    at = end
  }
  const atRecordBoundary = at === bytes.length
  if (hello === undefined || !atRecordBoundary || encrypted.length < Math.max(1, expectedRecords)) {
    return { state: 'incomplete', encryptedRecords: encrypted.length, atRecordBoundary }
  }
  return { state: 'complete', flight: { length: at, serverHello: hello, encrypted } }
}

function headerFault(
  bytes: Uint8Array,
  at: number,
  type: number,
  limit: number,
): UnmirrorableCode | undefined {
  const left = bytes.length - at
  const first = at === 0
  if (left > 0 && bytes[at] !== type) {
    if (bytes[at] === ALERT) return 'alert'
    return first && !isRecordType(bytes[at]!) ? 'not_tls' : 'unexpected_record'
  }
  if (left > 1 && bytes[at + 1] !== VERSION_MAJOR) return first ? 'not_tls' : 'unexpected_record'
  // TLS 1.3 always writes 03 03 here; 03 01 and 03 02 are the record versions of their own protocols.
  if (left > 2 && bytes[at + 2] !== VERSION_MINOR) return first ? 'tls12' : 'unexpected_record'
  if (left < RECORD_HEADER) return undefined
  const length = u16At(bytes, at + 3)
  return length === 0 || length > limit ? 'malformed' : undefined
}

function isRecordType(byte: number): boolean {
  return byte >= CHANGE_CIPHER_SPEC && byte <= APPLICATION_DATA
}

function viewOf(bytes: Uint8Array, from: number, to: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from)
}

/**
 * The flight as the client may have it: one ServerHello record, one ChangeCipherSpec, exactly one encrypted record,
 * with ServerHello.random = HMAC-SHA256(secret, clientRandom ‖ flight with random zeroed) (TDLib TlsInit.cpp).
 *
 * Several encrypted records become one of their joint length: the headers in between are payload then, and are
 * overwritten with random bytes. Fresh bytes, as long as the flight; `bytes` stay untouched.
 */
export function sealFlight(
  bytes: Uint8Array,
  flight: ServerFlight,
  secret: Uint8Array,
  clientRandom: Uint8Array,
  random: (n: number) => Buffer,
): Buffer {
  const input = hmacInput(RANDOM_SIZE + flight.length)
  input.message.set(clientRandom)
  const sealed = input.message.subarray(RANDOM_SIZE)
  sealed.set(bytes.subarray(0, flight.length))
  const [first, ...others] = flight.encrypted
  const start = first!.offset + RECORD_HEADER
  sealed.writeUInt16BE(flight.length - start, start - 2)
  for (const { offset } of others) sealed.set(random(RECORD_HEADER), offset)
  sealed.fill(0, RANDOM_AT, RANDOM_AT + RANDOM_SIZE)
  sealed.set(hmacSha256(input, secret), RANDOM_AT)
  return sealed
}
