import { constants, createHash, generateKeyPair, type KeyObject, privateDecrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { openIge } from './ige.ts'
import { TlWriter } from './tl.ts'

/** The public half, as clients want it. */
export interface PublicRsaKey {
  /** PKCS#1 (`BEGIN RSA PUBLIC KEY`). */
  readonly pem: string
  /** Low 64 bits of the SHA-1 of `n:bytes e:bytes`, hex. */
  readonly fingerprint: string
}

const DATA_SIZE = 192
const KEY_SIZE = 32
const FINGERPRINT_DIGITS = 16

export class ServerRsaKey implements PublicRsaKey {
  readonly pem: string
  readonly fingerprint: string
  readonly #private: KeyObject

  private constructor(publicKey: KeyObject, privateKey: KeyObject) {
    this.pem = publicKey.export({ type: 'pkcs1', format: 'pem' })
    const { n, e } = publicKey.export({ format: 'jwk' })
    const numbers = new TlWriter()
      .bytes(Buffer.from(n!, 'base64url'))
      .bytes(Buffer.from(e!, 'base64url'))
      .done()
    const digest = createHash('sha1').update(numbers).digest()
    this.fingerprint = digest.readBigUInt64LE(12).toString(16)
    this.#private = privateKey
  }

  /** mtcute does not find a key whose fingerprint begins with a zero, one of sixteen, and asks for ever. */
  static async generate(): Promise<ServerRsaKey> {
    for (;;) {
      const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048, publicExponent: 65537 })
      const key = new ServerRsaKey(pair.publicKey, pair.privateKey)
      if (key.fingerprint.length === FINGERPRINT_DIGITS) return key
    }
  }

  /**
   * Undoes RSA_PAD (https://core.telegram.org/mtproto/auth_key, step 4.1): 192 bytes, the inner data and
   * random padding; `undefined` if the hash inside is wrong.
   */
  openPadded(encrypted: Buffer): Buffer | undefined {
    const block = privateDecrypt({ key: this.#private, padding: constants.RSA_NO_PADDING }, encrypted)
    const sealed = block.subarray(KEY_SIZE)
    const mask = createHash('sha256').update(sealed).digest()
    const key = Buffer.from(mask.map((byte, index) => byte ^ block[index]!))
    const opened = openIge(key, Buffer.alloc(32), sealed)
    const data = Buffer.from(opened.subarray(0, DATA_SIZE)).reverse()
    const hash = createHash('sha256').update(key).update(data).digest()
    return hash.equals(opened.subarray(DATA_SIZE)) ? data : undefined
  }
}
