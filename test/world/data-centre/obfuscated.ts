import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import type { Framing } from './framing.ts'

export const INIT_SIZE = 64

/** One direction of an obfuscated2 stream. */
export type StreamCipher = (bytes: Uint8Array) => Buffer

export interface ObfuscatedStream {
  readonly framing: Framing
  /** As the peer wrote it, signed; random where the peer leaves the field random. */
  readonly dc: number
  readonly open: StreamCipher
  readonly seal: StreamCipher
}

const TAGS: Record<string, Framing> = {
  efefefef: 'abridged',
  eeeeeeee: 'intermediate',
  dddddddd: 'padded',
}

/** First bytes by which a data centre takes a connection for another protocol (TDLib TcpTransport.cpp). */
const OTHER_PROTOCOLS = ['48454144', '504f5354', '47455420', '4f505449', 'dddddddd', 'eeeeeeee', '16030102']

export function looksLikeAnotherProtocol(init: Buffer): boolean {
  return (
    init[0] === 0xef ||
    OTHER_PROTOCOLS.includes(init.toString('hex', 0, 4)) ||
    init.toString('hex', 4, 8) === '00000000'
  )
}

/** 16 bytes of secret go into the keys, not into the start values; data centres have none. */
export function withSecret(key: Buffer, secret: Buffer | undefined): Buffer {
  return secret ? createHash('sha256').update(key).update(secret).digest() : key
}

/** Server side of obfuscated2, from the 64 bytes that a peer sent. `undefined`: none of the three tags. */
export function openObfuscated(init: Buffer, secret?: Buffer): ObfuscatedStream | undefined {
  const reversed = Buffer.from(init.subarray(8, 56)).reverse()
  const decipher = createDecipheriv(
    'aes-256-ctr',
    withSecret(init.subarray(8, 40), secret),
    init.subarray(40, 56),
  )
  const cipher = createCipheriv(
    'aes-256-ctr',
    withSecret(reversed.subarray(0, 32), secret),
    reversed.subarray(32),
  )
  const plain = decipher.update(init)
  const framing = TAGS[plain.toString('hex', 56, 60)]
  if (!framing) return undefined
  return {
    framing,
    dc: plain.readInt16LE(60),
    open: (bytes) => decipher.update(bytes),
    seal: (bytes) => cipher.update(bytes),
  }
}
