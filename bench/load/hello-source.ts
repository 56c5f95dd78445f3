import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { writeClientHello } from '../../src/protocol/tls/hello-writer.ts'

const RANDOM_AT = 11
const SESSION_ID_AT = 44

export type HelloSource = () => Buffer

/**
 * ClientHellos that no portico has seen, for one HMAC each: one of TDLib's is drawn, with its key shares, and every
 * further one has another session id and so another digest.
 */
export function helloSource(secret: Buffer, domain: string): HelloSource {
  const key = createSecretKey(secret)
  const fresh = variations(domain)
  return () => {
    const hello = fresh()
    const digest = createHmac('sha256', key).update(hello).digest()
    digest.writeUInt32LE((digest.readUInt32LE(28) ^ Math.floor(Date.now() / 1000)) >>> 0, 28)
    digest.copy(hello, RANDOM_AT)
    return hello
  }
}

/** Hellos that look like a client's and have nobody's digest. */
export function strangerSource(domain: string): HelloSource {
  const fresh = variations(domain)
  return () => {
    const hello = fresh()
    randomBytes(32).copy(hello, RANDOM_AT)
    return hello
  }
}

const patterns = new Map<number, { readonly hello: Buffer; readonly nameAt: number }>()

/** One drawn hello for all names of a length, with the name put in and the random zeroed. */
function variations(domain: string): HelloSource {
  let pattern = patterns.get(domain.length)
  if (!pattern) {
    const hello = writeClientHello({ class: 'tdlib', domain }, randomBytes)
    pattern = { hello, nameAt: hello.indexOf(domain) }
    patterns.set(domain.length, pattern)
  }
  const { hello: drawn, nameAt } = pattern
  return () => {
    const hello = Buffer.from(drawn)
    hello.write(domain, nameAt, 'latin1')
    randomBytes(32).copy(hello, SESSION_ID_AT)
    hello.fill(0, RANDOM_AT, RANDOM_AT + 32)
    return hello
  }
}
