import type { Endpoint } from '../net/endpoint.ts'
import { parseServerHost } from './host-name.ts'
import { bad, good, type Parsed } from './parsed.ts'

export type UpstreamUrl =
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'socks5' | 'socks4' | 'http'
      readonly server: Endpoint
      readonly user?: string
      readonly password?: string
    }
  | {
      readonly kind: 'shadowsocks'
      readonly server: Endpoint
      readonly method: string
      readonly password: string
    }

/** Bytes of the key that the Base64 of a 2022 method must hold; 0 where any password does. */
export const SHADOWSOCKS_KEYS: Readonly<Record<string, number>> = {
  'aes-128-gcm': 0,
  'aes-192-gcm': 0,
  'aes-256-gcm': 0,
  'chacha20-ietf-poly1305': 0,
  '2022-blake3-aes-128-gcm': 16,
  '2022-blake3-aes-256-gcm': 32,
  '2022-blake3-chacha20-poly1305': 32,
}

const SCHEMES: Readonly<Record<string, { kind: 'socks5' | 'socks4' | 'http'; port: number }>> = {
  socks5: { kind: 'socks5', port: 1080 },
  socks5h: { kind: 'socks5', port: 1080 },
  socks4: { kind: 'socks4', port: 1080 },
  socks4a: { kind: 'socks4', port: 1080 },
  http: { kind: 'http', port: 8080 },
}
const EXAMPLES = 'socks5://user:password@host:1080, socks4://, http://, ss:// or direct:'
/** RFC 1929: one byte holds the length. */
const MAX_SOCKS5_FIELD = 255

/** No message repeats the text: it may hold a password. */
export function parseUpstreamUrl(text: string): Parsed<UpstreamUrl> {
  const trimmed = text.trim()
  if (/^direct:(\/\/)?$/.test(trimmed)) return good({ kind: 'direct' })
  const match = /^([a-z0-9]+):\/\/(?:([^@/]*)@)?([^@/?#]+)\/?(?:\?[^#]*)?(?:#.*)?$/.exec(trimmed)
  const [, scheme = '', userinfo, place = ''] = match ?? []
  if (scheme === 'ss') return shadowsocks(userinfo, place)
  const known = SCHEMES[scheme]
  if (!known) return bad(`not an address of a proxy: write ${EXAMPLES}`)
  const server = serverOf(place, known.port)
  if (!server.ok) return server
  const credentials = credentialsOf(userinfo)
  if (credentials === undefined) return bad('user and password must be percent-encoded')
  if (known.kind === 'socks5') {
    for (const field of Object.values(credentials)) {
      const size = Buffer.byteLength(field)
      if (size < 1 || size > MAX_SOCKS5_FIELD)
        return bad(`user and password of SOCKS5 have 1 to ${MAX_SOCKS5_FIELD} bytes each`)
    }
  }
  return good({ kind: known.kind, server: server.value, ...credentials })
}

function credentialsOf(userinfo: string | undefined): { user?: string; password?: string } | undefined {
  if (userinfo === undefined || userinfo === '') return {}
  const colon = userinfo.indexOf(':')
  const user = decoded(colon < 0 ? userinfo : userinfo.slice(0, colon))
  const password = colon < 0 ? '' : decoded(userinfo.slice(colon + 1))
  if (user === undefined || password === undefined) return undefined
  return colon < 0 ? { user } : { user, password }
}

/** `method:password`, plain or in Base64 (SIP002). */
function shadowsocks(userinfo: string | undefined, place: string): Parsed<UpstreamUrl> {
  const plain = userinfo?.includes(':') ? decoded(userinfo) : fromBase64(userinfo ?? '')
  const [, method = '', password = ''] = /^([^:]+):(.+)$/s.exec(plain ?? '') ?? []
  const keySize = Object.hasOwn(SHADOWSOCKS_KEYS, method) ? SHADOWSOCKS_KEYS[method] : undefined
  if (keySize === undefined) {
    return bad(
      `write ss://METHOD:PASSWORD@host:port; METHOD is one of ${Object.keys(SHADOWSOCKS_KEYS).join(', ')}`,
    )
  }
  const isKey = /^[A-Za-z0-9+/]+={0,2}$/.test(password) && Buffer.from(password, 'base64').length === keySize
  if (keySize > 0 && !isKey) return bad(`the password of ${method} is a key of ${keySize} bytes in Base64`)
  const server = serverOf(place, 8388)
  return server.ok ? good({ kind: 'shadowsocks', server: server.value, method, password }) : server
}

function serverOf(place: string, usualPort: number): Parsed<Endpoint> {
  const [, host = '', digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(place) ?? []
  const server = parseServerHost(host)
  if (!server.ok || host === '') return bad(`no host and port of a proxy: write ${EXAMPLES}`)
  const port = digits === undefined ? usualPort : Number(digits)
  if (port < 1 || port > 65_535) return bad('a port is 1 to 65535')
  return good({ kind: 'tcp', host: server.value, port })
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text)
    // They end a field, or a line, of what goes to the proxy.
    return /[\0\r\n]/.test(plain) ? undefined : plain
  } catch {
    return undefined
  }
}

function fromBase64(text: string): string | undefined {
  const plain = decoded(text)
  return plain === undefined ? undefined : Buffer.from(plain, 'base64url').toString('utf8')
}
