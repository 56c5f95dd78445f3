import type { Endpoint } from '../net/endpoint.ts'
import { parseServerHost } from './host-name.ts'
import { isIpv4, isIpv6 } from './ip.ts'
import { nearest } from './nearest.ts'
import { bad, good, type Parsed } from './parsed.ts'

/** sun_path of Linux holds 108 bytes with the terminating zero (unix(7)). */
export const MAX_UNIX_PATH = 107

/** Where to listen: `"443"` (both families), `ip:port`, `[ip6]:port`, `unix:/path`. */
export function parseListenAddress(text: string): Parsed<Endpoint> {
  const trimmed = text.trim()
  if (trimmed.startsWith('unix:')) return parseUnix(trimmed)
  const port = /^(?:\*?:)?(\d+)$/.exec(trimmed)
  if (port?.[1] !== undefined) return tcp('', port[1], text)
  if (/^[+-]?\d+(?:\.\d+)?$/.test(trimmed)) return bad(noPort(text))
  if (isHost(trimmed) && !isIpv4(trimmed)) return bad(notAName(text, '443'))
  const parts = hostAndPort(trimmed)
  if (!parts.ok) return parts
  const { host, port: digits } = parts.value
  return isIp(host) ? tcp(host, digits, text) : bad(notAName(text, digits))
}

function notAName(text: string, port: string): string {
  return `${JSON.stringify(text)}: listen on an address of this host, such as "127.0.0.1:${port}", not a name`
}

/** Where to connect: `host:port` (address or name), `[ip6]:port`, `unix:/path`. */
export function parseTargetAddress(text: string): Parsed<Endpoint> {
  const trimmed = text.trim()
  if (trimmed.startsWith('unix:')) return parseUnix(trimmed)
  if (/^\d+$/.test(trimmed)) {
    return isPort(trimmed)
      ? bad(`${JSON.stringify(text)} is a port alone: write "127.0.0.1:${trimmed}"`)
      : bad(noPort(text))
  }
  const parts = hostAndPort(trimmed)
  if (!parts.ok) return parts
  const host = parseServerHost(parts.value.host)
  return host.ok ? tcp(host.value, parts.value.port, text) : host
}

const BUILT_IN = 'built-in'

/** `front.address`: where to connect, or the site that portico brings. */
export function parseFrontAddress(value: string): Parsed<typeof BUILT_IN | Endpoint> {
  if (value === BUILT_IN) return good(value)
  const parsed = parseTargetAddress(value)
  if (parsed.ok) return parsed
  return nearest(value, [BUILT_IN]) === undefined
    ? bad(`${parsed.message}, or ${JSON.stringify(BUILT_IN)}`)
    : bad(`${JSON.stringify(value)} is not an address; did you mean ${JSON.stringify(BUILT_IN)}?`)
}

/** `host:port` of TCP only. */
export function parseTcpAddress(text: string): Parsed<Endpoint> {
  if (text.trim().startsWith('unix:')) return bad(`${JSON.stringify(text)}: a TCP address is needed here`)
  return parseTargetAddress(text)
}

function parseUnix(text: string): Parsed<Endpoint> {
  const path = text.slice('unix:'.length)
  if (path === '') return bad('"unix:" lacks the path of the socket')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a zero byte would silently shorten the path
  if (/\u0000/.test(path)) return bad('a path cannot hold a zero byte')
  if (Buffer.byteLength(path) > MAX_UNIX_PATH)
    return bad(`the path of a unix socket has at most ${MAX_UNIX_PATH} bytes`)
  return good({ kind: 'unix', path })
}

function hostAndPort(text: string): Parsed<{ host: string; port: string }> {
  if (text.includes('://')) return bad(`${JSON.stringify(text)} is a URL: write host:port`)
  const bracketed = /^\[([^\]]*)\]:(\d+)$/.exec(text)
  if (bracketed?.[1] !== undefined && bracketed[2] !== undefined) {
    if (!isIpv6(bracketed[1])) return bad(`${JSON.stringify(bracketed[1])} is not an IPv6 address`)
    return good({ host: bracketed[1].toLowerCase(), port: bracketed[2] })
  }
  const withoutBrackets = bracketless(text)
  if (withoutBrackets !== undefined) return bad(withoutBrackets)
  const plain = /^([^:[\]/\s]+):(\d+)$/.exec(text)
  if (plain?.[1] !== undefined && plain[2] !== undefined) return good({ host: plain[1], port: plain[2] })
  if (isHost(text) || (/^\[.*\]$/.test(text) && isIpv6(text.slice(1, -1))))
    return bad(`${JSON.stringify(text)} lacks the port: write "${text}:443"`)
  return bad(`${JSON.stringify(text)} is not an address: write "127.0.0.1:8443", "[::1]:443" or "unix:/path"`)
}

/** `::1:443` is an IPv6 address too, but whoever writes it here means the port of `::1`. */
function bracketless(text: string): string | undefined {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (isIpv6(host) && isPort(port)) {
    return `${JSON.stringify(text)}: put the address into brackets, "[${host}]:${port}"`
  }
  return isIpv6(text)
    ? `${JSON.stringify(text)}: put the address into brackets and add the port, "[${text}]:443"`
    : undefined
}

/** An IPv4 address or a name; nothing is proposed that would be refused. */
function isHost(text: string): boolean {
  return /^[^:[\]/\s]+$/.test(text) && parseServerHost(text).ok
}

function isIp(host: string): boolean {
  return isIpv4(host) || isIpv6(host)
}

function isPort(digits: string): boolean {
  return Number(digits) >= 1 && Number(digits) <= 65_535
}

function noPort(text: string): string {
  return `${JSON.stringify(text)}: a port is 1 to 65535`
}

function tcp(host: string, digits: string, text: string): Parsed<Endpoint> {
  return isPort(digits) ? good({ kind: 'tcp', host, port: Number(digits) }) : bad(noPort(text))
}
