import { Buffer } from 'node:buffer'
import { formatSecret, parseSecret, type Secret, type SecretErrorCode } from './secret.ts'

/** What a client needs to use a proxy (TDLib LinkManager.cpp). */
export interface Link {
  /** Host name or address, 1..255 bytes of UTF-8. */
  server: string
  port: number
  secret: Secret
}

export type LinkErrorCode = 'not_a_proxy_link' | 'bad_server' | 'bad_port' | SecretErrorCode

export type LinkReading = { ok: true; link: Link } | { ok: false; code: LinkErrorCode; message: string }

const MAX_LINK = 2_048
const MAX_SERVER = 255
const FORMS = /^(tg:(\/\/)?|https?:\/\/t\.me\/)proxy\/?\?/i

export function formatLink({ server, port, secret }: Link): { tg: string; https: string } {
  const query = `proxy?server=${encodeURIComponent(server)}&port=${port}&secret=${formatSecret(secret)}`
  return { tg: `tg://${query}`, https: `https://t.me/${query}` }
}

/** Reads tg://proxy?… and https://t.me/proxy?…; parameters that it does not know are left aside. */
export function parseLink(text: string): LinkReading {
  const prefix = text.length > MAX_LINK ? null : FORMS.exec(text)
  if (prefix === null) return bad('not_a_proxy_link', 'neither tg://proxy?… nor https://t.me/proxy?…')
  const query = new URLSearchParams(text.slice(prefix[0].length).replace(/#.*$/s, ''))

  const server = query.get('server') ?? ''
  const bytes = Buffer.byteLength(server)
  if (bytes === 0 || bytes > MAX_SERVER)
    return bad('bad_server', `server has ${bytes} bytes, not 1 to ${MAX_SERVER}`)
  const port = query.get('port') ?? ''
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    return bad('bad_port', 'port is not a number from 1 to 65535')
  }
  const reading = parseSecret(query.get('secret') ?? '')
  return reading.ok ? { ok: true, link: { server, port: Number(port), secret: reading.secret } } : reading
}

function bad(code: LinkErrorCode, message: string): LinkReading {
  return { ok: false, code, message }
}
