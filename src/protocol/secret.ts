import { Buffer } from 'node:buffer'

/** A proxy secret (TDLib ProxySecret.cpp): 16 bytes of key, for 'secure' and 'tls' behind a byte that says so. */
export type Secret =
  | { kind: 'plain' | 'secure'; key: Buffer }
  /** `domain`: the SNI that clients send, ASCII. */
  | { kind: 'tls'; key: Buffer; domain: string }

export type SecretErrorCode = 'not_encoded' | 'wrong_length' | 'unknown_kind' | 'bad_domain'

export type SecretReading =
  | { ok: true; secret: Secret }
  | { ok: false; code: SecretErrorCode; message: string }

export const KEY_SIZE = 16
const SECURE = 0xdd
const TLS = 0xee

/** TDLib's limit; Desktop needs four bytes at least. */
export const MAX_DOMAIN = 182
const MIN_DOMAIN = 4

const MAX_TEXT = 2 * (1 + KEY_SIZE + MAX_DOMAIN)

/** Reads a secret as hex, else base64url, else base64 (padding optional): a hex text is valid base64url, too. */
export function parseSecret(text: string): SecretReading {
  if (text.length > MAX_TEXT) return bad('wrong_length', `longer than ${MAX_TEXT} characters`)
  const raw = decode(text)
  if (raw === undefined) return bad('not_encoded', 'neither hex nor base64')
  if (raw.length < KEY_SIZE)
    return bad('wrong_length', `${raw.length} bytes, at least ${KEY_SIZE} are needed`)
  if (raw.length === KEY_SIZE) return { ok: true, secret: { kind: 'plain', key: raw } }

  const key = raw.subarray(1, 1 + KEY_SIZE)
  const rest = raw.subarray(1 + KEY_SIZE)
  if (raw[0] === TLS) return tlsSecret(key, rest)
  if (raw[0] !== SECURE) return bad('unknown_kind', 'begins with neither dd nor ee')
  if (rest.length > 0) return bad('wrong_length', `${raw.length} bytes, a dd secret has ${1 + KEY_SIZE}`)
  return { ok: true, secret: { kind: 'secure', key } }
}

/** Lowercase hex: the one form that every client reads. */
export function formatSecret(secret: Secret): string {
  const key = secret.key.toString('hex')
  switch (secret.kind) {
    case 'plain':
      return key
    case 'secure':
      return `dd${key}`
    case 'tls':
      return `ee${key}${Buffer.from(secret.domain, 'latin1').toString('hex')}`
  }
}

function tlsSecret(key: Buffer, rest: Buffer): SecretReading {
  const domain = rest.toString('latin1')
  if (domain.length < MIN_DOMAIN || domain.length > MAX_DOMAIN) {
    return bad('bad_domain', `a domain of ${domain.length} bytes, not ${MIN_DOMAIN} to ${MAX_DOMAIN}`)
  }
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(domain))
    return bad('bad_domain', 'the domain is no host name')
  return { ok: true, secret: { kind: 'tls', key, domain } }
}

function decode(text: string): Buffer | undefined {
  if (text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text)) return Buffer.from(text, 'hex')
  const digits = text.replace(/={1,2}$/, '')
  const isBase64 = /^[\w-]+$/.test(digits) || /^[a-z0-9+/]+$/i.test(digits)
  return isBase64 && digits.length % 4 !== 1 ? Buffer.from(digits, 'base64') : undefined
}

function bad(code: SecretErrorCode, message: string): SecretReading {
  return { ok: false, code, message }
}
