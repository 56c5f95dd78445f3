import { Buffer } from 'node:buffer'
import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type Decipheriv,
  hash,
} from 'node:crypto'
import { IPV4_SIZE } from '../ip-address.ts'

const CIPHER = 'aes-256-cbc'

/** One end of the connection as the middle proxy sees it: 4 or 16 bytes (IPv4 never in its mapped form), and the port. */
export interface ConnectionEnd {
  readonly address: Buffer
  readonly port: number
}

export interface KeyMaterial {
  /** 32 to 256 bytes, the same for all middle proxies. */
  readonly secret: Buffer
  /** 16 bytes each. */
  readonly serverNonce: Buffer
  readonly clientNonce: Buffer
  /** What the client sent, Unix seconds. */
  readonly clientTimestamp: number
  readonly server: ConnectionEnd
  readonly client: ConnectionEnd
}

export type Purpose = 'CLIENT' | 'SERVER'

/** AES-256-CBC: key 32 bytes, iv 16. */
export interface BlockKey {
  readonly key: Buffer
  readonly iv: Buffer
}

/** The key of one direction: CLIENT of what the proxy sends (MTProxy net-crypto-aes.c). */
export function deriveKey(material: KeyMaterial, purpose: Purpose): BlockKey {
  const input = keyInput(material, purpose)
  const key = Buffer.concat([
    hash('md5', input.subarray(1), 'buffer').subarray(0, 12),
    hash('sha1', input, 'buffer'),
  ])
  return { key, iv: hash('md5', input.subarray(2), 'buffer') }
}

export function keyInput(
  { secret, serverNonce, clientNonce, clientTimestamp, server, client }: KeyMaterial,
  purpose: Purpose,
): Buffer {
  const isIPv4 = server.address.length === IPV4_SIZE && client.address.length === IPV4_SIZE
  // Addresses of IPv4 are integers of a little-endian host; those of IPv6 stand further behind, as on the wire.
  const short = ({ address }: ConnectionEnd) => (isIPv4 ? reversed(address) : Buffer.alloc(IPV4_SIZE))
  return Buffer.concat([
    serverNonce,
    clientNonce,
    u32(clientTimestamp),
    short(server),
    u16(client.port),
    Buffer.from(purpose, 'latin1'),
    short(client),
    u16(server.port),
    secret,
    serverNonce,
    ...(isIPv4 ? [] : [client.address, server.address]),
    clientNonce,
  ])
}

/** One chain over all that follows; whole blocks only. */
export function blockCipher({ key, iv }: BlockKey): Cipheriv {
  return createCipheriv(CIPHER, createSecretKey(key), iv).setAutoPadding(false)
}

/** Takes bytes however they were cut and gives the whole blocks. */
export function blockDecipher({ key, iv }: BlockKey): Decipheriv {
  return createDecipheriv(CIPHER, createSecretKey(key), iv).setAutoPadding(false)
}

function reversed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toReversed())
}

function u16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}
