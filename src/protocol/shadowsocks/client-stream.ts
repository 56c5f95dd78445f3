import { Buffer } from 'node:buffer'
import { addressField, portField } from '../socks/socks5-handshake.ts'
import type { TunnelTarget } from '../tunnel.ts'
import { ChunkCipher, TAG_SIZE } from './chunk-cipher.ts'
import { type Edition, type Method, sessionKey } from './method.ts'

/** Payload bytes of a chunk: 14 bits in SIP004, 16 in SIP022. */
export const MAX_CHUNK: Readonly<Record<Edition, number>> = { aead: 0x3fff, '2022': 0xffff }
const LENGTH_SIZE = 2
const TIME_SIZE = 8
const CLIENT = 0
const SERVER = 1
/** SIP022 §3.1.3: padding is needed where no payload comes with the header, at most 900 bytes. */
const MAX_PADDING = 900
/** SIP022 §3.1.5. */
const MAX_CLOCK_DIFFERENCE = 30

export type ShadowsocksFailure =
  /** A tag is wrong: another key or method, or bytes changed on the way. */
  | 'bad_tag'
  /** The answer to another request, or too old. */
  | 'bad_header'

export interface ShadowsocksOptions {
  readonly method: Method
  readonly key: Buffer
  readonly target: TunnelTarget
}

export interface ShadowsocksDependencies {
  readonly random: (n: number) => Buffer
  readonly unixSeconds: () => number
}

/** The client's side of one Shadowsocks connection: seals what goes to the server, opens what comes. */
export class ShadowsocksStream {
  readonly #options: ShadowsocksOptions
  readonly #dependencies: ShadowsocksDependencies
  readonly #salt: Buffer
  #sealer: ChunkCipher | undefined
  #opener: ChunkCipher | undefined
  #kept = Buffer.alloc(0)
  /** Payload bytes of the chunk that is due; undefined while its length is. */
  #due: number | undefined

  constructor(options: ShadowsocksOptions, dependencies: ShadowsocksDependencies) {
    this.#options = options
    this.#dependencies = dependencies
    this.#salt = Buffer.from(dependencies.random(options.method.keySize))
  }

  /** What goes on the wire for this payload; salt and target come before the first. */
  seal(payload: Uint8Array): Buffer {
    if (this.#sealer) return Buffer.concat(this.#chunks(this.#sealer, payload))
    const { method, key } = this.#options
    const sealer = new ChunkCipher(method.cipher, sessionKey(method, key, this.#salt))
    this.#sealer = sealer
    const parts =
      method.edition === 'aead' ? this.#firstAead(sealer, payload) : this.#first2022(sealer, payload)
    return Buffer.concat([this.#salt, ...parts])
  }

  #firstAead(sealer: ChunkCipher, payload: Uint8Array): Buffer[] {
    return this.#chunks(sealer, Buffer.concat([this.#target(), payload]))
  }

  #first2022(sealer: ChunkCipher, payload: Uint8Array): Buffer[] {
    const { random, unixSeconds } = this.#dependencies
    const target = this.#target()
    const size = payload.length > 0 ? 0 : 1 + (random(2).readUInt16BE() % MAX_PADDING)
    const room = MAX_CHUNK['2022'] - target.length - LENGTH_SIZE
    const first = payload.subarray(0, room)
    const variable = Buffer.concat([target, length(size), random(size), first])
    const fixed = Buffer.alloc(1 + TIME_SIZE)
    fixed[0] = CLIENT
    fixed.writeBigUInt64BE(BigInt(unixSeconds()), 1)
    const header = Buffer.concat([fixed, length(variable.length)])
    return [sealer.seal(header), sealer.seal(variable), ...this.#chunks(sealer, payload.subarray(room))]
  }

  #target(): Buffer {
    const { host, port } = this.#options.target
    return Buffer.concat([addressField(host), portField(port)])
  }

  #chunks(sealer: ChunkCipher, payload: Uint8Array): Buffer[] {
    const parts: Buffer[] = []
    const most = MAX_CHUNK[this.#options.method.edition]
    for (let at = 0; at < payload.length; at += most) {
      const piece = payload.subarray(at, at + most)
      parts.push(sealer.seal(length(piece.length)), sealer.seal(piece))
    }
    return parts
  }

  /** The payload that these bytes complete (may be empty), or why they are not the server's. */
  open(n: number, bytes: Uint8Array): Buffer | ShadowsocksFailure {
    this.#kept = Buffer.concat([this.#kept, bytes.subarray(0, n)])
    if (!this.#opener) {
      const failure = this.#openHeader()
      if (failure) return failure
    }
    const parts: Buffer[] = []
    while (this.#opener) {
      const wanted = this.#due ?? LENGTH_SIZE
      if (this.#kept.length < wanted + TAG_SIZE) break
      const plain = this.#opener.open(this.#take(wanted + TAG_SIZE))
      if (!plain) return 'bad_tag'
      if (this.#due === undefined) this.#due = plain.readUInt16BE() & MAX_CHUNK[this.#options.method.edition]
      else {
        this.#due = undefined
        parts.push(plain)
      }
    }
    // What is left is less than a chunk; a view would pin everything before it.
    this.#kept = Buffer.from(this.#kept)
    return Buffer.concat(parts)
  }

  #openHeader(): ShadowsocksFailure | undefined {
    const { method, key } = this.#options
    const { edition, keySize, cipher } = method
    const headerSize = edition === 'aead' ? 0 : 1 + TIME_SIZE + keySize + LENGTH_SIZE + TAG_SIZE
    if (this.#kept.length < keySize + headerSize) return undefined
    const opener = new ChunkCipher(cipher, sessionKey(method, key, this.#take(keySize)))
    if (edition === '2022') {
      const header = opener.open(this.#take(headerSize))
      if (!header) return 'bad_tag'
      const time = Number(header.readBigUInt64BE(1))
      const late = Math.abs(time - this.#dependencies.unixSeconds()) > MAX_CLOCK_DIFFERENCE
      const isForUs = header.subarray(1 + TIME_SIZE, 1 + TIME_SIZE + keySize).equals(this.#salt)
      if (header[0] !== SERVER || late || !isForUs) return 'bad_header'
      this.#due = header.readUInt16BE(1 + TIME_SIZE + keySize)
    }
    this.#opener = opener
    return undefined
  }

  #take(n: number): Buffer {
    const taken = this.#kept.subarray(0, n)
    this.#kept = this.#kept.subarray(n)
    return taken
  }
}

function length(n: number): Buffer {
  return Buffer.from([n >> 8, n & 0xff])
}
