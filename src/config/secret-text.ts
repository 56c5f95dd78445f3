import { bad, good, type Parsed } from './parsed.ts'

const KEY_BYTES = 16
const ZEROS = 'all zeros is no secret: make one with "portico secret"'

/**
 * `users.X.secret`: 32 hexadecimal digits. What people paste instead (a whole link, the secret of a link in
 * hex or base64) is recognised and answered with the part that belongs here.
 */
export function parseUserSecret(text: string): Parsed<string> {
  const value = text.trim()
  if (/^[0-9a-fA-F]{32}$/.test(value)) return keyOrZero(value.toLowerCase())
  const fromLink = secretOfLink(value)
  if (fromLink !== undefined) return explained('a whole proxy link', fromLink)
  return explained('the secret of a link', value)
}

function keyOrZero(hex: string): Parsed<string> {
  if (/^0+$/.test(hex)) return bad(ZEROS)
  return good(hex)
}

function secretOfLink(text: string): string | undefined {
  if (!/^(?:tg:|https?:\/\/|t\.me\/)/i.test(text)) return undefined
  const match = /[?&]secret=([^&#\s]*)/i.exec(text)
  if (match?.[1] === undefined) return ''
  try {
    return decodeURIComponent(match[1])
  } catch {
    return match[1]
  }
}

function explained(what: string, secret: string): Parsed<string> {
  const raw = decode(secret)
  const first = raw?.[0]
  if (raw?.length === KEY_BYTES) return advise(what, raw, '')
  if (raw?.length === KEY_BYTES + 1 && first === 0xdd) return advise(what, raw.subarray(1), '')
  if (raw !== undefined && raw.length > KEY_BYTES + 1 && first === 0xee) {
    const domain = raw.subarray(KEY_BYTES + 1).toString('latin1')
    const named = /^[\x21-\x7e]+$/.test(domain)
      ? `; its name ${JSON.stringify(domain)} belongs into front.domain or the user's domain`
      : ''
    return advise(what, raw.subarray(1, KEY_BYTES + 1), named)
  }
  if (/^[0-9a-fA-F]+$/.test(secret)) {
    return bad(`needs 32 hexadecimal digits, has ${secret.length}: make one with "portico secret"`)
  }
  return bad('needs 32 hexadecimal digits: make one with "portico secret"')
}

/** The key is not repeated: problems are printed where the journal keeps them, and secrets never go there. */
function advise(what: string, key: Buffer, more: string): Parsed<string> {
  if (key.every((byte) => byte === 0)) return bad(ZEROS)
  return bad(
    `this is ${what}; here stands only its key, 32 hexadecimal digits ("portico secret --from …" shows it)${more}`,
  )
}

/** Hex first: a hex string is valid base64url too (TDLib ProxySecret.cpp decodes in this order). */
function decode(text: string): Buffer | undefined {
  if (text.length > 600) return undefined
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text)) return Buffer.from(text, 'hex')
  if (/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return Buffer.from(text, 'base64url')
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return Buffer.from(text, 'base64')
  return undefined
}
