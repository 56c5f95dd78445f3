import { Buffer } from 'node:buffer'
import { hash, hkdfSync } from 'node:crypto'
import { blake3DeriveKey } from './blake3-key.ts'

/** SIP004 (a password, chunks of 16 KiB) and SIP022 (a key of full length, a header with the time, chunks of 64 KiB). */
export type Edition = 'aead' | '2022'

export interface Method {
  readonly edition: Edition
  /** OpenSSL's name. */
  readonly cipher: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'
  /** Bytes of the key, and of the salt. */
  readonly keySize: 16 | 24 | 32
}

export const METHODS = {
  'aes-128-gcm': { edition: 'aead', cipher: 'aes-128-gcm', keySize: 16 },
  'aes-192-gcm': { edition: 'aead', cipher: 'aes-192-gcm', keySize: 24 },
  'aes-256-gcm': { edition: 'aead', cipher: 'aes-256-gcm', keySize: 32 },
  'chacha20-ietf-poly1305': { edition: 'aead', cipher: 'chacha20-poly1305', keySize: 32 },
  '2022-blake3-aes-128-gcm': { edition: '2022', cipher: 'aes-128-gcm', keySize: 16 },
  '2022-blake3-aes-256-gcm': { edition: '2022', cipher: 'aes-256-gcm', keySize: 32 },
  '2022-blake3-chacha20-poly1305': { edition: '2022', cipher: 'chacha20-poly1305', keySize: 32 },
} as const satisfies Record<string, Method>

export type MethodName = keyof typeof METHODS

/** The key that a password stands for; undefined where it must be the Base64 of a key of that length and is not. */
export function masterKey({ edition, keySize }: Method, password: string): Buffer | undefined {
  if (edition === 'aead') return passwordKey(password, keySize)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(password)) return undefined
  const key = Buffer.from(password, 'base64')
  return key.length === keySize ? key : undefined
}

/** OpenSSL's EVP_BytesToKey with MD5, one iteration and no salt. */
function passwordKey(password: string, size: number): Buffer {
  let [key, last] = [Buffer.alloc(0), Buffer.alloc(0)]
  while (key.length < size) {
    last = hash('md5', Buffer.concat([last, Buffer.from(password, 'utf8')]), 'buffer')
    key = Buffer.concat([key, last])
  }
  return key.subarray(0, size)
}

/** The key of one direction of one connection, from the salt that begins it. */
export function sessionKey({ edition, keySize }: Method, key: Buffer, salt: Uint8Array): Buffer {
  if (edition === 'aead') return Buffer.from(hkdfSync('sha1', key, salt, 'ss-subkey', keySize))
  const material = Buffer.concat([key, salt])
  return blake3DeriveKey('shadowsocks 2022 session subkey', material).subarray(0, keySize)
}
