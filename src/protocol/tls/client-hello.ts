import type { Buffer } from 'node:buffer'
import { Cursor } from '../cursor.ts'
import {
  ALPN,
  HANDSHAKE_HEADER,
  KEY_SHARE,
  MAX_SESSION_ID,
  RANDOM_SIZE,
  RECORD_HEADER,
  SERVER_NAME,
  SIGNATURE_ALGORITHMS,
  SUPPORTED_GROUPS,
  SUPPORTED_VERSIONS,
  VERSION_MAJOR,
} from './constants.ts'
import { gatherHello, type HelloErrorCode } from './hello-records.ts'

export { type HelloErrorCode, MAX_CLIENT_HELLO, MAX_HELLO_RECORDS } from './hello-records.ts'

const HOST_NAME = 0

/** What a ClientHello offers (RFC 8446 §4.1.2). Numbers are as sent, GREASE included. It owns its bytes. */
export interface ClientHello {
  /** The hello under one record header: its own when it came in one record. `random` is at [11, 43). */
  readonly record: Buffer
  /** Input bytes of the hello, record headers included: what follows is not hello. */
  readonly wireLength: number
  /** The version of before TLS 1.3, 03 03 in each of its hellos. */
  readonly version: number
  /** 32 bytes. */
  readonly random: Buffer
  /** 0..32 bytes. */
  readonly sessionId: Buffer
  readonly cipherSuites: readonly number[]
  /** Extension types in the order sent. */
  readonly extensions: readonly number[]
  /** The name as sent, case kept, one character a byte. */
  readonly serverName: string | undefined
  readonly supportedVersions: readonly number[]
  readonly groups: readonly number[]
  readonly signatureAlgorithms: readonly number[]
  /** Groups for which a share was sent. */
  readonly keyShares: readonly number[]
  readonly alpn: readonly string[]
}

export type HelloReading =
  | { state: 'incomplete' }
  | { state: 'complete'; hello: ClientHello }
  | { state: 'bad'; code: HelloErrorCode }

/**
 * Reads the ClientHello at the start of `bytes`; to be called again with the longer prefix whenever bytes arrive.
 * 'incomplete' costs a walk over at most MAX_HELLO_RECORDS headers. 'bad' and 'complete' are final.
 */
export function readClientHello(bytes: Uint8Array): HelloReading {
  const gathered = gatherHello(bytes)
  if (gathered.state !== 'whole') return gathered
  const hello = readMessage(gathered.record, gathered.wireLength)
  return hello === undefined ? { state: 'bad', code: 'malformed' } : { state: 'complete', hello }
}

interface Offer {
  serverName: string | undefined
  supportedVersions: number[]
  groups: number[]
  signatureAlgorithms: number[]
  keyShares: number[]
  alpn: string[]
}

function readMessage(record: Buffer, wireLength: number): ClientHello | undefined {
  const message = new Cursor(record, RECORD_HEADER + HANDSHAKE_HEADER)
  const version = message.u16()
  if (version >> 8 !== VERSION_MAJOR) message.fail()
  const random = message.take(RANDOM_SIZE)
  const sessionId = message.vector8().rest()
  if (sessionId.length > MAX_SESSION_ID) message.fail()
  const cipherSuites = numbers(message.vector16())
  if (message.vector8().left === 0) message.fail()
  const types = new Set<number>()
  const offer: Offer = {
    serverName: undefined,
    supportedVersions: [],
    groups: [],
    signatureAlgorithms: [],
    keyShares: [],
    alpn: [],
  }
  // A hello before TLS 1.3 may end here, without a block of extensions.
  if (message.left > 0) readExtensions(message.vector16(), types, offer)
  message.finish()
  if (message.broken) return undefined
  return { record, wireLength, version, random, sessionId, cipherSuites, extensions: [...types], ...offer }
}

function readExtensions(block: Cursor, types: Set<number>, offer: Offer): void {
  while (block.left > 0) {
    const type = block.u16()
    const body = block.vector16()
    // A type may stand only once (RFC 8446 §4.2).
    if (types.has(type)) block.fail()
    types.add(type)
    readExtension(type, body, offer)
  }
}

function readExtension(type: number, body: Cursor, offer: Offer): void {
  switch (type) {
    case SERVER_NAME:
      offer.serverName = hostName(body.vector16())
      break
    case SUPPORTED_VERSIONS:
      offer.supportedVersions = numbers(body.vector8())
      break
    case SUPPORTED_GROUPS:
      offer.groups = numbers(body.vector16())
      break
    case SIGNATURE_ALGORITHMS:
      offer.signatureAlgorithms = numbers(body.vector16())
      break
    case KEY_SHARE:
      offer.keyShares = shareGroups(body.vector16())
      break
    case ALPN:
      offer.alpn = protocolNames(body.vector16())
      break
    default:
      return
  }
  body.finish()
}

/** A list of u16, which may not be empty. */
function numbers(list: Cursor): number[] {
  if (list.left === 0) list.fail()
  const values: number[] = []
  while (list.left > 0) values.push(list.u16())
  return values
}

/** RFC 6066 §3: one name at most, and `host_name` is the only type there is; BoringSSL refuses a NUL within. */
function hostName(list: Cursor): string {
  if (list.u8() !== HOST_NAME) list.fail()
  const name = list.vector16().rest()
  if (name.length === 0 || name.length > 255 || name.includes(0)) list.fail()
  list.finish()
  return name.toString('latin1')
}

/** The list may be empty: the client then asks for a HelloRetryRequest (RFC 8446 §4.2.8). */
function shareGroups(list: Cursor): number[] {
  const groups: number[] = []
  while (list.left > 0) {
    groups.push(list.u16())
    if (list.vector16().left === 0) list.fail()
  }
  return groups
}

function protocolNames(list: Cursor): string[] {
  if (list.left === 0) list.fail()
  const names: string[] = []
  while (list.left > 0) {
    const name = list.vector8().rest()
    if (name.length === 0) list.fail()
    names.push(name.toString('latin1'))
  }
  return names
}
