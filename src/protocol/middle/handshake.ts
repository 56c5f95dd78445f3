import { Buffer } from 'node:buffer'
import { IPV4_SIZE } from '../ip-address.ts'

// What both sides say before the first call (MTProxy net-tcp-rpc-common.h, pid.h). Payloads of frames.

export const NONCE_SIZE = 16
const NONCE = 0x7acb87aa
const NONCE_PAYLOAD = 32
/** AES alone; the other schemas exchange keys first, and Telegram's middle proxies do not ask for that. */
const SCHEMA_AES = 1
/** The middle proxy refuses a clock that differs by more, and so does the official proxy. */
export const MAX_CLOCK_DIFFERENCE = 30

const HANDSHAKE = 0x7682eef5
const HANDSHAKE_ERROR = 0x6a27beda
const HANDSHAKE_PAYLOAD = 32
const ERROR_PAYLOAD = 20
const PROCESS_ID = 12
const FLAG_CRC32C = 0x800

/** Clear text, in both directions. */
export interface Nonce {
  /** First four bytes of the secret. */
  readonly selector: Buffer
  /** Unix seconds. */
  readonly timestamp: number
  readonly nonce: Buffer
}

export function writeNonce({ selector, timestamp, nonce }: Nonce): Buffer {
  const payload = Buffer.alloc(NONCE_PAYLOAD)
  payload.writeUInt32LE(NONCE, 0)
  payload.set(selector, 4)
  payload.writeUInt32LE(SCHEMA_AES, 8)
  payload.writeUInt32LE(timestamp, 12)
  payload.set(nonce, 16)
  return payload
}

export type NonceReading =
  | { ok: true; nonce: Nonce }
  | { ok: false; code: 'not_a_nonce' | 'unknown_key' | 'other_schema' }

/** @param selector that it must have */
export function readNonce(payload: Buffer, selector: Buffer): NonceReading {
  if (payload.length !== NONCE_PAYLOAD || payload.readUInt32LE(0) !== NONCE)
    return { ok: false, code: 'not_a_nonce' }
  if (!payload.subarray(4, 8).equals(selector)) return { ok: false, code: 'unknown_key' }
  if (payload.readUInt32LE(8) !== SCHEMA_AES) return { ok: false, code: 'other_schema' }
  return {
    ok: true,
    nonce: {
      selector: Buffer.from(payload.subarray(4, 8)),
      timestamp: payload.readUInt32LE(12),
      nonce: Buffer.from(payload.subarray(16)),
    },
  }
}

export function keySelector(secret: Buffer): Buffer {
  return secret.subarray(0, 4)
}

/** Who speaks: 12 bytes that the other side gives back. */
export type ProcessId = Buffer

/** @param address 4 bytes, or 16 of which none is told */
export function writeProcessId(o: {
  address: Buffer
  port: number
  pid: number
  started: number
}): ProcessId {
  const id = Buffer.alloc(PROCESS_ID)
  if (o.address.length === IPV4_SIZE) id.set(o.address.toReversed(), 0)
  id.writeUInt16LE(o.port & 0xffff, 4)
  id.writeUInt16LE(o.pid & 0xffff, 6)
  id.writeUInt32LE(o.started >>> 0, 8)
  return id
}

export interface Handshake {
  /** Offered by both, all frames from number 0 on use it. */
  readonly crc32c: boolean
  readonly sender: ProcessId
  readonly peer: ProcessId
}

export function writeHandshake({ crc32c, sender, peer }: Handshake): Buffer {
  const payload = Buffer.alloc(HANDSHAKE_PAYLOAD)
  payload.writeUInt32LE(HANDSHAKE, 0)
  payload.writeUInt32LE(crc32c ? FLAG_CRC32C : 0, 4)
  payload.set(sender, 8)
  payload.set(peer, 8 + PROCESS_ID)
  return payload
}

/** Why the other side refused (MTProxy net-tcp-rpc-client.c). */
const REFUSALS = new Map([
  [-3, 'refused_length'],
  [-4, 'refused_peer'],
  [-6, 'refused_sender'],
  [-7, 'refused_flags'],
  [-8, 'refused_crc32c'],
] as const)
export type HandshakeRefusal = (typeof REFUSALS extends Map<number, infer Code> ? Code : never) | 'refused'

export type HandshakeReading =
  | { ok: true; handshake: Handshake }
  | { ok: false; code: HandshakeRefusal | 'not_a_handshake' | 'other_flags'; refusal?: number }

export function readHandshake(payload: Buffer): HandshakeReading {
  if (payload.length === ERROR_PAYLOAD && payload.readUInt32LE(0) === HANDSHAKE_ERROR) {
    const refusal = payload.readInt32LE(4)
    const known = REFUSALS as ReadonlyMap<number, HandshakeRefusal>
    return { ok: false, code: known.get(refusal) ?? 'refused', refusal }
  }
  if (payload.length !== HANDSHAKE_PAYLOAD || payload.readUInt32LE(0) !== HANDSHAKE)
    return { ok: false, code: 'not_a_handshake' }
  const flags = payload.readUInt32LE(4)
  if ((flags & 0xff) !== 0) return { ok: false, code: 'other_flags' }
  return {
    ok: true,
    handshake: {
      crc32c: (flags & FLAG_CRC32C) !== 0,
      sender: Buffer.from(payload.subarray(8, 8 + PROCESS_ID)),
      peer: Buffer.from(payload.subarray(8 + PROCESS_ID)),
    },
  }
}

export function writeHandshakeError(code: number, sender: ProcessId): Buffer {
  const payload = Buffer.alloc(ERROR_PAYLOAD)
  payload.writeUInt32LE(HANDSHAKE_ERROR, 0)
  payload.writeInt32LE(code, 4)
  payload.set(sender, 8)
  return payload
}
