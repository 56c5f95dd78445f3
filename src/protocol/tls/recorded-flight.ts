import { Buffer } from 'node:buffer'
import { Cursor } from '../cursor.ts'
import { answerShare, canAnswer } from './answer-share.ts'
import type { ClientHello } from './client-hello.ts'
import {
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  HANDSHAKE,
  HANDSHAKE_HEADER,
  KEY_SHARE,
  MAX_CIPHERTEXT_RECORD,
  RANDOM_SIZE,
  RECORD_HEADER,
  SERVER_HELLO,
} from './constants.ts'
import { MAX_FLIGHT, type ServerFlight } from './server-flight.ts'

/**
 * What of a front's first flight does not differ by chance: everything but random, session id, key share and ciphertext.
 * Plain data, for a file and between threads.
 */
export interface RecordedFlight {
  readonly cipherSuite: number
  /** The group of the key share. */
  readonly group: number
  /** In the order sent, bodies in hex; that of the key share is empty. */
  readonly extensions: readonly (readonly [type: number, body: string])[]
  /** Payload sizes of the encrypted records. */
  readonly records: readonly number[]
  /** What the hello offered as ALPN, joined: it decides how long the first encrypted message is. */
  readonly alpn: string
}

/** Most extensions of a ServerHello, and most encrypted records, that are kept. */
const MAX_EXTENSIONS = 16
const MAX_RECORDS = 64
/** Most bytes of an extension's body that are kept. */
const MAX_BODY = 256

/** Undefined for a flight that could not be made again: a group whose shares we cannot make, or an outlandish size. */
export function recordFlight(
  bytes: Buffer,
  flight: ServerFlight,
  alpn: readonly string[],
): RecordedFlight | undefined {
  const { cipherSuite, group } = flight.serverHello
  const extensions = serverExtensions(bytes)
  const records = flight.encrypted.map(({ length }) => length)
  return readRecordedFlight({ cipherSuite, group, extensions, records, alpn: alpn.join() })
}

function serverExtensions(bytes: Buffer): [number, string][] {
  const message = new Cursor(bytes, RECORD_HEADER + HANDSHAKE_HEADER + 2 + RANDOM_SIZE)
  message.vector8()
  message.take(2 + 1)
  const block = message.vector16()
  const extensions: [number, string][] = []
  while (block.left > 0) {
    const type = block.u16()
    const body = block.vector16().rest()
    extensions.push([type, type === KEY_SHARE ? '' : body.toString('hex')])
  }
  return extensions
}

/** Reads one from what may be anything: a file can be damaged. */
export function readRecordedFlight(value: unknown): RecordedFlight | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { cipherSuite, group, extensions, records, alpn } = value as Record<string, unknown>
  if (!isU16(cipherSuite) || !isU16(group) || !canAnswer(group)) return undefined
  if (typeof alpn !== 'string' || alpn.length > MAX_BODY) return undefined
  if (!Array.isArray(extensions) || extensions.length > MAX_EXTENSIONS) return undefined
  if (!extensions.every(isExtension)) return undefined
  if (!extensions.some(([type]) => type === KEY_SHARE)) return undefined
  if (!Array.isArray(records) || records.length === 0 || records.length > MAX_RECORDS) return undefined
  if (!records.every((size) => isU16(size) && size > 0 && size <= MAX_CIPHERTEXT_RECORD)) return undefined
  if (records.reduce((sum: number, size: number) => sum + size, 0) > MAX_FLIGHT / 2) return undefined
  return {
    cipherSuite,
    group,
    extensions: extensions.map(([type, body]) => [type, body] as const),
    records: records.map(Number),
    alpn,
  }
}

function isU16(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff
}

function isExtension(value: unknown): value is [number, string] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [type, body] = value as unknown[]
  if (!isU16(type) || typeof body !== 'string' || body.length > 2 * MAX_BODY) return false
  return /^(?:[0-9a-f]{2})*$/.test(body) && (type !== KEY_SHARE || body === '')
}

/**
 * The flight as that front would send it to this hello: the session id echoed, a key share that answers the client's own,
 * everything that is ciphertext there random here. Undefined where the hello does not offer what the flight chose, or
 * its key share is one that a server refuses.
 */
export function composeFlight(
  recorded: RecordedFlight,
  hello: ClientHello,
  random: (n: number) => Buffer,
): Buffer | undefined {
  if (!hello.cipherSuites.includes(recorded.cipherSuite)) return undefined
  const clientShare = clientKeyShare(hello, recorded.group)
  const share = clientShare && answerShare(recorded.group, clientShare)
  if (!share) return undefined
  const extensions = recorded.extensions.map(([type, body]) =>
    Buffer.concat([u16(type), vector16(type === KEY_SHARE ? shareEntry(recorded.group, share) : hex(body))]),
  )
  const message = Buffer.concat([
    hex('0303'),
    random(RANDOM_SIZE),
    Buffer.from([hello.sessionId.length]),
    hello.sessionId,
    u16(recorded.cipherSuite),
    hex('00'),
    vector16(Buffer.concat(extensions)),
  ])
  const header = Buffer.alloc(HANDSHAKE_HEADER, SERVER_HELLO)
  header.writeUIntBE(message.length, 1, 3)
  return Buffer.concat([
    record(HANDSHAKE, Buffer.concat([header, message])),
    record(CHANGE_CIPHER_SPEC, hex('01')),
    ...recorded.records.map((size) => record(APPLICATION_DATA, random(size))),
  ])
}

/** The client's share of a group, if it sent one. */
function clientKeyShare(hello: ClientHello, group: number): Buffer | undefined {
  const message = new Cursor(hello.record, RECORD_HEADER + HANDSHAKE_HEADER + 2 + RANDOM_SIZE)
  message.vector8()
  message.vector16()
  message.vector8()
  const block = message.left > 0 ? message.vector16() : message
  while (block.left > 0) {
    const type = block.u16()
    const body = block.vector16()
    if (type !== KEY_SHARE) continue
    const shares = body.vector16()
    while (shares.left > 0) {
      const entryGroup = shares.u16()
      const share = shares.vector16().rest()
      if (entryGroup === group) return share
    }
  }
  return undefined
}

function shareEntry(group: number, share: Buffer): Buffer {
  return Buffer.concat([u16(group), vector16(share)])
}

function record(type: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, 3, 3]), vector16(payload)])
}

function vector16(content: Buffer): Buffer {
  return Buffer.concat([u16(content.length), content])
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
