import { Buffer } from 'node:buffer'
import { IPV6_SIZE, mappedBytes } from '../ip-address.ts'
import type { Transport } from '../obfuscated2.ts'

// The calls between a proxy and a middle proxy (MTProxy mtproto-common.h, rpc-const.h). Payloads of frames.

const PROXY_REQ = 0x36cef1ee
const PROXY_ANS = 0x4403da0d
const SIMPLE_ACK = 0x3bac409b
const CLOSE_EXT = 0x5eb634a2
const CLOSE_CONN = 0x1fcf425d
const PING = 0x5730a2df
const PONG = 0x8430eaa7

const FLAG_NOT_ENCRYPTED = 0x2
const FLAG_HTTP = 0x4
const FLAG_AD_TAG = 0x8
const FLAG_MAGIC = 0x1000
const FLAG_EXTMODE2 = 0x20000
const FLAG_INTERMEDIATE = 0x20000000
const FLAG_ABRIDGED = 0x40000000
const FLAG_QUICK_ACK = 0x80000000

const EXTRA_AD_TAG = 0xdb1e26ae
export const AD_TAG_SIZE = 16
/** Constructor, TL string of 16 bytes, three bytes up to a whole word. */
const EXTRA_SIZE = 24
const CONN_ID_SIZE = 8
const CLIENT_AT = 16
const OUR_AT = 36
const EXTRA_AT = 56
/** An answer: type, flags, connection. */
const ANSWER_HEADER = 16
const FLAG_EXTRA = FLAG_HTTP | FLAG_AD_TAG

/** An address of 4 or 16 bytes, and a port. */
export interface ProxyEnd {
  readonly address: Buffer
  readonly port: number
}

/** Whose messages they are: the same for all of one client's. */
export interface ProxiedClient {
  readonly transport: Transport
  /** 8 bytes, chosen by the proxy, of one client on one connection. */
  readonly connection: Buffer
  readonly client: ProxyEnd
  /** A plausible public address of the proxy. */
  readonly our: ProxyEnd
  /** 16 bytes. */
  readonly adTag: Buffer | undefined
}

export interface MessageFlags {
  /** Its auth_key_id is not zero. */
  readonly encrypted: boolean
  readonly quickAck: boolean
}

/** Everything of an RPC_PROXY_REQ that stands before the message; made once for a client, the flags set for each. */
export function proxyRequestHeader({ transport, connection, client, our, adTag }: ProxiedClient): Buffer {
  const header = Buffer.alloc(EXTRA_AT + (adTag ? 4 + EXTRA_SIZE : 0))
  header.writeUInt32LE(PROXY_REQ, 0)
  const framing = transport === 'abridged' ? FLAG_ABRIDGED : FLAG_INTERMEDIATE
  header.writeUInt32LE((FLAG_MAGIC | FLAG_EXTMODE2 | framing | (adTag ? FLAG_AD_TAG : 0)) >>> 0, 4)
  header.set(connection, 8)
  header.set(mappedBytes(client.address), CLIENT_AT)
  header.writeUInt32LE(client.port, CLIENT_AT + IPV6_SIZE)
  header.set(mappedBytes(our.address), OUR_AT)
  header.writeUInt32LE(our.port, OUR_AT + IPV6_SIZE)
  if (adTag) {
    header.writeUInt32LE(EXTRA_SIZE, EXTRA_AT)
    header.writeUInt32LE(EXTRA_AD_TAG, EXTRA_AT + 4)
    header[EXTRA_AT + 8] = AD_TAG_SIZE
    header.set(adTag, EXTRA_AT + 9)
  }
  return header
}

/** Writes the flags of one message into its client's header. */
export function setMessageFlags(header: Buffer, { encrypted, quickAck }: MessageFlags): void {
  const own = (header.readUInt32LE(4) & ~(FLAG_NOT_ENCRYPTED | FLAG_QUICK_ACK)) >>> 0
  header.writeUInt32LE(
    (own | (encrypted ? 0 : FLAG_NOT_ENCRYPTED) | (quickAck ? FLAG_QUICK_ACK : 0)) >>> 0,
    4,
  )
}

/** An RPC_PROXY_REQ as a middle proxy reads it. */
export interface ProxyRequest extends ProxiedClient, MessageFlags {
  readonly flags: number
  readonly message: Buffer
}

/** Undefined: none, or broken. */
export function readProxyRequest(payload: Buffer): ProxyRequest | undefined {
  if (payload.length < EXTRA_AT || payload.readUInt32LE(0) !== PROXY_REQ) return undefined
  const flags = payload.readUInt32LE(4)
  const extra = readExtra(payload, flags)
  if (!extra) return undefined
  const end = (at: number) => ({
    address: payload.subarray(at, at + IPV6_SIZE),
    port: payload.readUInt32LE(at + IPV6_SIZE),
  })
  return {
    flags,
    transport: flags & FLAG_ABRIDGED ? 'abridged' : 'intermediate',
    connection: payload.subarray(8, 8 + CONN_ID_SIZE),
    client: end(CLIENT_AT),
    our: end(OUR_AT),
    adTag: extra.adTag,
    encrypted: (flags & FLAG_NOT_ENCRYPTED) === 0,
    quickAck: flags >= FLAG_QUICK_ACK,
    message: payload.subarray(extra.end),
  }
}

function readExtra(payload: Buffer, flags: number): { end: number; adTag: Buffer | undefined } | undefined {
  if ((flags & FLAG_EXTRA) === 0) return { end: EXTRA_AT, adTag: undefined }
  if (payload.length < EXTRA_AT + 4) return undefined
  const end = EXTRA_AT + 4 + payload.readUInt32LE(EXTRA_AT)
  if (end > payload.length) return undefined
  const extra = payload.subarray(EXTRA_AT + 4, end)
  const isTag =
    extra.length === EXTRA_SIZE && extra.readUInt32LE(0) === EXTRA_AD_TAG && extra[4] === AD_TAG_SIZE
  return { end, adTag: isTag ? extra.subarray(5, 5 + AD_TAG_SIZE) : undefined }
}

export type ServerCall =
  | { kind: 'answer'; flags: number; connection: Buffer; message: Buffer }
  | { kind: 'simple_ack'; connection: Buffer; token: number }
  | { kind: 'close_ext'; connection: Buffer }
  | { kind: 'close_conn'; connection: Buffer }
  | { kind: 'ping' | 'pong'; id: Buffer }
  | { kind: 'unknown'; type: number }
  | { kind: 'malformed'; type: number }

/** A call other than RPC_PROXY_REQ. Views into the payload. */
export function readCall(payload: Buffer): ServerCall {
  if (payload.length < 4) return { kind: 'malformed', type: 0 }
  const type = payload.readUInt32LE(0)
  const id = () => payload.subarray(4, 4 + CONN_ID_SIZE)
  switch (type) {
    case PROXY_ANS:
      if (payload.length < ANSWER_HEADER) break
      return {
        kind: 'answer',
        flags: payload.readUInt32LE(4),
        connection: payload.subarray(8, ANSWER_HEADER),
        message: payload.subarray(ANSWER_HEADER),
      }
    case SIMPLE_ACK:
      if (payload.length !== 16) break
      return { kind: 'simple_ack', connection: id(), token: payload.readUInt32LE(12) }
    case CLOSE_EXT:
    case CLOSE_CONN:
      if (payload.length !== 12) break
      return { kind: type === CLOSE_EXT ? 'close_ext' : 'close_conn', connection: id() }
    case PING:
    case PONG:
      if (payload.length !== 12) break
      return { kind: type === PING ? 'ping' : 'pong', id: id() }
    default:
      return { kind: 'unknown', type }
  }
  return { kind: 'malformed', type }
}

export function writeAnswer(connection: Buffer, message: Uint8Array, flags = 0): Buffer {
  const header = Buffer.alloc(ANSWER_HEADER)
  header.writeUInt32LE(PROXY_ANS, 0)
  header.writeUInt32LE(flags, 4)
  header.set(connection, 8)
  return Buffer.concat([header, message])
}

export function writeSimpleAck(connection: Buffer, token: number): Buffer {
  const payload = Buffer.alloc(16)
  payload.writeUInt32LE(SIMPLE_ACK, 0)
  payload.set(connection, 4)
  payload.writeUInt32LE(token, 12)
  return payload
}

export const writeCloseExt = (connection: Buffer): Buffer => short(CLOSE_EXT, connection)
export const writeCloseConn = (connection: Buffer): Buffer => short(CLOSE_CONN, connection)
export const writePing = (id: Buffer): Buffer => short(PING, id)
export const writePong = (id: Buffer): Buffer => short(PONG, id)

function short(type: number, id: Buffer): Buffer {
  const payload = Buffer.alloc(4 + CONN_ID_SIZE)
  payload.writeUInt32LE(type, 0)
  payload.set(id, 4)
  return payload
}
