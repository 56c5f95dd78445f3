import { ChunkCipher, TAG_SIZE } from '../../src/protocol/shadowsocks/chunk-cipher.ts'
import { type Method, masterKey, sessionKey } from '../../src/protocol/shadowsocks/method.ts'
import { type Dialect, readAddress } from './proxy-dialects.ts'

/** A Shadowsocks server of either edition. It ends whoever has another key, as real ones do. */
export const shadowsocks =
  (method: Method, password: string): Dialect =>
  async (wire) => {
    const key = masterKey(method, password)!
    const salt = await wire.read(method.keySize)
    const opener = new ChunkCipher(method.cipher, sessionKey(method, key, salt))
    const openNext = async (size: number) => {
      const sealed = await wire.read(size + TAG_SIZE)
      return sealed.length < size + TAG_SIZE ? undefined : opener.open(sealed)
    }
    const next = async () => {
      const length = await openNext(2)
      return (length && (await openNext(length.readUInt16BE()))) ?? Buffer.alloc(0)
    }
    const is2022 = method.edition === '2022'
    const first = is2022 ? await openNext((await openNext(11))?.readUInt16BE(9) ?? 0) : await next()
    if (!first || first.length === 0) {
      wire.socket.destroy()
      return undefined
    }
    let at = 0
    const read = async (n: number) => {
      at += n
      return first.subarray(at - n, at)
    }
    const target = await readAddress({ read })
    if (is2022) at += 2 + first.readUInt16BE(at)
    let early: Buffer | undefined = first.length > at ? first.subarray(at) : undefined
    const answering = new Answer(method, key, salt)
    return {
      ...target,
      accept: Buffer.alloc(0),
      seal: (plain) => answering.seal(plain),
      next: async () => {
        const bytes = early ?? (await next())
        early = undefined
        return bytes
      },
    }
  }

/** Bytes of a chunk: less than any edition's most. */
const CHUNK = 0x3fff

class Answer {
  readonly #method: Method
  readonly #requestSalt: Buffer
  readonly #salt: Buffer
  readonly #sealer: ChunkCipher
  #begun = false

  constructor(method: Method, key: Buffer, requestSalt: Buffer) {
    this.#method = method
    this.#requestSalt = requestSalt
    this.#salt = Buffer.alloc(method.keySize, 9)
    this.#sealer = new ChunkCipher(method.cipher, sessionKey(method, key, this.#salt))
  }

  seal(plain: Buffer): Buffer {
    const parts: Buffer[] = []
    for (let at = 0; at < plain.length; at += CHUNK) {
      const piece = plain.subarray(at, at + CHUNK)
      parts.push(...this.#length(piece.length), this.#sealer.seal(piece))
    }
    return Buffer.concat(parts)
  }

  #length(n: number): Buffer[] {
    const length = Buffer.from([n >> 8, n & 0xff])
    if (this.#begun) return [this.#sealer.seal(length)]
    this.#begun = true
    if (this.#method.edition === 'aead') return [this.#salt, this.#sealer.seal(length)]
    const fixed = Buffer.alloc(9)
    fixed[0] = 1
    fixed.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)), 1)
    return [this.#salt, this.#sealer.seal(Buffer.concat([fixed, this.#requestSalt, length]))]
  }
}
