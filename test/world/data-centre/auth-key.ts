import { createHash, randomBytes } from 'node:crypto'
import { openIge, sealIge } from './ige.ts'

const HEADER = 24
const MIN_PADDING = 12

/** A message inside the encryption of MTProto 2.0 (https://core.telegram.org/mtproto/description). */
export interface InnerMessage {
  readonly salt: bigint
  readonly session: bigint
  readonly messageId: bigint
  readonly seqNo: number
  readonly body: Buffer
}

export class AuthKey {
  /** 8 bytes: the low half of the SHA-1 of the key. */
  readonly id: Buffer
  readonly salts = new Set<bigint>()
  readonly #key: Buffer

  constructor(key: Buffer, firstSalt: bigint) {
    this.#key = key
    this.id = createHash('sha1').update(key).digest().subarray(12)
    this.salts.add(firstSalt)
  }

  get salt(): bigint {
    return this.salts.values().next().value!
  }

  /** `undefined` if the message key is not that of the content: what arrived is not what was sent. */
  open(frame: Buffer): InnerMessage | undefined {
    const messageKey = frame.subarray(8, HEADER)
    const sealed = frame.subarray(HEADER, frame.length - ((frame.length - HEADER) % 16))
    const { key, iv } = this.#messageCipher(messageKey, 0)
    const plain = openIge(key, iv, sealed)
    if (!this.#messageKey(plain, 0).equals(messageKey)) return undefined
    const length = plain.readUInt32LE(28)
    if (length > plain.length - 32 - MIN_PADDING) return undefined
    return {
      salt: plain.readBigUInt64LE(0),
      session: plain.readBigUInt64LE(8),
      messageId: plain.readBigUInt64LE(16),
      seqNo: plain.readUInt32LE(24),
      body: plain.subarray(32, 32 + length),
    }
  }

  seal(message: InnerMessage): Buffer {
    const head = Buffer.allocUnsafe(32)
    head.writeBigUInt64LE(message.salt, 0)
    head.writeBigUInt64LE(message.session, 8)
    head.writeBigUInt64LE(message.messageId, 16)
    head.writeUInt32LE(message.seqNo, 24)
    head.writeUInt32LE(message.body.length, 28)
    const unpadded = head.length + message.body.length + MIN_PADDING
    const padding = randomBytes(MIN_PADDING + (-unpadded & 15))
    const plain = Buffer.concat([head, message.body, padding])
    const messageKey = this.#messageKey(plain, 8)
    const { key, iv } = this.#messageCipher(messageKey, 8)
    return Buffer.concat([this.id, messageKey, sealIge(key, iv, plain)])
  }

  /** `x` is 0 for messages of the client, 8 for ours. */
  #messageKey(plain: Buffer, x: 0 | 8): Buffer {
    return createHash('sha256')
      .update(this.#key.subarray(88 + x, 120 + x))
      .update(plain)
      .digest()
      .subarray(8, 24)
  }

  #messageCipher(messageKey: Buffer, x: 0 | 8): { key: Buffer; iv: Buffer } {
    const a = sha256(messageKey, this.#key.subarray(x, x + 36))
    const b = sha256(this.#key.subarray(40 + x, 76 + x), messageKey)
    return {
      key: Buffer.concat([a.subarray(0, 8), b.subarray(8, 24), a.subarray(24)]),
      iv: Buffer.concat([b.subarray(0, 8), a.subarray(8, 24), b.subarray(24)]),
    }
  }
}

function sha256(...parts: Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}
