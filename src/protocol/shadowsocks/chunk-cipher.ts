import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Method } from './method.ts'

export const TAG_SIZE = 16
const NONCE_SIZE = 12

/** One direction: every sealed piece has the next nonce, a little-endian counter from 0. */
export class ChunkCipher {
  readonly #cipher: Method['cipher']
  readonly #key: Buffer
  readonly #nonce = Buffer.alloc(NONCE_SIZE)

  constructor(cipher: Method['cipher'], key: Buffer) {
    this.#cipher = cipher
    this.#key = key
  }

  /** The ciphertext with its tag behind it. */
  seal(plain: Uint8Array): Buffer {
    // The types know the name as that of an AEAD only where it is a literal.
    const options = { authTagLength: TAG_SIZE }
    const cipher = createCipheriv(this.#cipher as 'aes-128-gcm', this.#key, this.#nonce, options)
    this.#count()
    const body = cipher.update(plain)
    cipher.final()
    return Buffer.concat([body, cipher.getAuthTag()])
  }

  /** Undefined where the tag is not that of the bytes: they are not from whoever has the key. */
  open(sealed: Buffer): Buffer | undefined {
    const options = { authTagLength: TAG_SIZE }
    const decipher = createDecipheriv(this.#cipher as 'aes-128-gcm', this.#key, this.#nonce, options)
    this.#count()
    const end = sealed.length - TAG_SIZE
    decipher.setAuthTag(sealed.subarray(end))
    const plain = decipher.update(sealed.subarray(0, end))
    try {
      decipher.final()
      return plain
    } catch {
      return undefined
    }
  }

  #count(): void {
    for (let at = 0; at < NONCE_SIZE; at++) {
      this.#nonce[at] = this.#nonce[at]! + 1
      if (this.#nonce[at] !== 0) return
    }
  }
}
