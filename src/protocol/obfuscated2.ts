import { Buffer } from 'node:buffer'
import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type Decipheriv,
  hash,
} from 'node:crypto'
import { encryptBlock } from './aes-block.ts'

// The init of obfuscated2 (TDLib TcpTransport.cpp): 8 random bytes, key material, CTR start value, tag, data centre.
export const INIT_SIZE = 64
const MATERIAL_AT = 8
const IV_AT = 40
const TAG_AT = 56
const DC_AT = 60

const KEY_SIZE = 32
const CIPHER = 'aes-256-ctr'

export type Transport = 'abridged' | 'intermediate' | 'padded'

const TAGS: Record<Transport, number> = { abridged: 0xefefefef, intermediate: 0xeeeeeeee, padded: 0xdddddddd }
const TRANSPORTS = new Map(Object.entries(TAGS).map(([name, tag]) => [tag, name as Transport]))

/** AES-256-CTR from its start: key 32 bytes, iv 16 bytes, the first counter block. */
export interface StreamKey {
  readonly key: Buffer
  readonly iv: Buffer
}

/** What a client's init says. */
export interface ClientInit {
  readonly transport: Transport
  /** As sent: negative for media, ±10000 for test data centres, arbitrary if the client does not care. */
  readonly dc: number
  readonly toServer: StreamKey
  readonly toClient: StreamKey
  /** For client→server bytes; its keystream stands at offset 64, behind the init. */
  readonly decipher: Decipheriv
}

/**
 * Opens a client's 64-byte init with a user's 16-byte secret (undefined: without one, as a data centre does).
 * undefined if the tag is none of the three: another secret, or no init at all.
 */
export function openInit(wire: Uint8Array, secret: Uint8Array | undefined): ClientInit | undefined {
  if (wire.length !== INIT_SIZE) return undefined
  const toServer = streamKey(wire.subarray(MATERIAL_AT, TAG_AT), secret)
  if (!TRANSPORTS.has(tagOf(wire, toServer))) return undefined
  const decipher = createDecipheriv(CIPHER, createSecretKey(toServer.key), toServer.iv)
  const plain = decipher.update(wire)
  const transport = TRANSPORTS.get(plain.readUInt32LE(TAG_AT))
  if (transport === undefined) return undefined
  const toClient = streamKey(reversed(wire.subarray(MATERIAL_AT, TAG_AT)), secret)
  return { transport, dc: plain.readInt16LE(DC_AT), toServer, toClient, decipher }
}

/** The decrypted tag alone, as most secrets that are tried are not the right one. */
function tagOf(wire: Uint8Array, { key, iv }: StreamKey): number {
  const counter = Uint8Array.from(iv)
  let carry = Math.floor(TAG_AT / counter.length)
  for (let at = counter.length - 1; carry > 0 && at >= 0; at--) {
    carry += counter[at]!
    counter[at] = carry & 0xff
    carry >>= 8
  }
  const [, , stream] = encryptBlock(key, counter)
  // Four bytes that are all the same: their order does not matter.
  const tag = (wire[TAG_AT]! << 24) | (wire[TAG_AT + 1]! << 16) | (wire[TAG_AT + 2]! << 8) | wire[TAG_AT + 3]!
  return (tag ^ stream) >>> 0
}

/** An init ready to be sent. */
export interface SealedInit {
  /** 64 bytes. */
  readonly wire: Buffer
  /** For the bytes behind it; its keystream stands at offset 64. */
  readonly cipher: Cipheriv
}

/** Encrypts the last eight bytes of a plain init, as its sender does: the counterpart of `openInit`. */
export function sealInit(plain: Buffer, secret: Uint8Array | undefined): SealedInit {
  const { key, iv } = streamKey(plain.subarray(MATERIAL_AT, TAG_AT), secret)
  const cipher = createCipheriv(CIPHER, createSecretKey(key), iv)
  const encrypted = cipher.update(plain)
  return { wire: Buffer.concat([plain.subarray(0, TAG_AT), encrypted.subarray(TAG_AT)]), cipher }
}

/** For what is said to a client: its keystream stands at the beginning. */
export function openedCipher({ key, iv }: StreamKey): Cipheriv {
  return createCipheriv(CIPHER, createSecretKey(key), iv)
}

export type DataCentreInit = SealedInit

/**
 * The init towards a data centre whose key for the way back is the one that the client expects: what the data centre
 * sends is then the client's to read as it is, without a cipher of ours (mtprotoproxy's FAST_MODE).
 */
export function makeDataCentreInit(
  o: { transport: Transport; dc: number; toClient: StreamKey },
  random: (n: number) => Buffer,
): DataCentreInit {
  const material = reversed(Buffer.concat([o.toClient.key, o.toClient.iv]))
  const plain = Buffer.alloc(INIT_SIZE)
  do plain.set(random(MATERIAL_AT), 0)
  while (isReservedStart(plain))
  plain.set(material, MATERIAL_AT)
  plain.writeUInt32LE(TAGS[o.transport], TAG_AT)
  plain.writeInt16LE(o.dc, DC_AT)
  plain.set(random(2), DC_AT + 2)
  return sealInit(plain, undefined)
}

/** u32le at offset 0 by which other protocols are known (TDLib TcpTransport.cpp). */
const RESERVED_WORDS = new Set([
  0x44414548, // HEAD
  0x54534f50, // POST
  0x20544547, // GET
  0x4954504f, // OPTI
  0xdddddddd, // padded intermediate without obfuscation
  0xeeeeeeee, // intermediate without obfuscation
  0x02010316, // TLS ClientHello
])

/** Whether a plain init must not start so. Does not hold for inits within FakeTLS: there TDLib checks nothing. */
export function isReservedStart(init: Buffer): boolean {
  const abridged = init[0] === 0xef
  const fullTransport = init.readUInt32LE(4) === 0
  return abridged || fullTransport || RESERVED_WORDS.has(init.readUInt32LE(0))
}

/** Whether the first bytes are those of another protocol, with which no client begins an init; iOS does not avoid the others. */
export function isOtherProtocol(start: Buffer): boolean {
  return start.length >= 4 && RESERVED_WORDS.has(start.readUInt32LE(0))
}

/** Only the key is hashed with the secret, never the iv. */
function streamKey(material: Uint8Array, secret: Uint8Array | undefined): StreamKey {
  const key = Buffer.from(material.subarray(0, KEY_SIZE))
  const iv = Buffer.from(material.subarray(KEY_SIZE, IV_AT - MATERIAL_AT + 16))
  return { key: secret === undefined ? key : hash('sha256', Buffer.concat([key, secret]), 'buffer'), iv }
}

function reversed(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.toReversed())
}
