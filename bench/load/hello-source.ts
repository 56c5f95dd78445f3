import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { writeClientHello } from '../../src/protocol/tls/hello-writer.ts'

const RANDOM_AT = 11
const SESSION_ID_AT = 44

/**
 * ClientHellos that no replay set has seen, for one HMAC each: one of TDLib's is drawn, with its key shares, and every
 * further one has another session id and so another digest.
 */
export function helloSource(secret: Buffer, domain: string): () => Buffer {
  const key: KeyObject = createSecretKey(secret)
  const pattern = writeClientHello({ class: 'tdlib', domain }, randomBytes)
  return () => {
    const hello = Buffer.from(pattern)
    randomBytes(32).copy(hello, SESSION_ID_AT)
    hello.fill(0, RANDOM_AT, RANDOM_AT + 32)
    const digest = createHmac('sha256', key).update(hello).digest()
    digest.writeUInt32LE((digest.readUInt32LE(28) ^ Math.floor(Date.now() / 1000)) >>> 0, 28)
    digest.copy(hello, RANDOM_AT)
    return hello
  }
}
