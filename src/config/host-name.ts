import { domainToASCII } from 'node:url'
import { isIpv4, isIpv6 } from './ip.ts'
import { bad, good, type Parsed } from './parsed.ts'

/** tdesktop wants at least 4 bytes after the key, TDLib refuses more than 182 (TDLib ProxySecret.h). */
export const MIN_DOMAIN = 4
export const MAX_DOMAIN = 182

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/

/** A name as it goes into links and the SNI: 4 to 182 bytes, ASCII, lower case on return. */
export function parseDomain(text: string): Parsed<string> {
  const name = text.trim().toLowerCase()
  if (/^[a-z]+:\/\//.test(name)) return bad(`${JSON.stringify(text)} is a URL: give the host name alone`)
  if (isIpv4(name) || isIpv6(name))
    return bad(`${JSON.stringify(text)} is an address; a name is needed (the SNI cannot hold an address)`)
  const [, portless] = /^(.+):\d+$/.exec(name) ?? []
  if (portless !== undefined) {
    const alone = parseDomain(portless)
    return alone.ok
      ? bad(`${JSON.stringify(text)}: leave out the port, ${JSON.stringify(alone.value)}`)
      : alone
  }
  if (/[^\x20-\x7e]/.test(name)) return bad(notAscii(text, name))
  if (name.endsWith('.')) return bad(`${JSON.stringify(text)}: leave out the dot at the end`)
  if (name.length < MIN_DOMAIN || name.length > MAX_DOMAIN) {
    return bad(
      `${JSON.stringify(text)} has ${name.length} ${name.length === 1 ? 'byte' : 'bytes'}; Telegram clients take ${MIN_DOMAIN} to ${MAX_DOMAIN}`,
    )
  }
  if (!name.split('.').every((label) => LABEL.test(label)))
    return bad(`${JSON.stringify(text)} is not a host name`)
  return good(name)
}

/** The same, or `*.name`: every name one label under it. */
export function parseSiteDomain(text: string): Parsed<string> {
  if (!text.startsWith('*.')) return parseDomain(text)
  const under = parseDomain(text.slice(2))
  return under.ok ? good(`*.${under.value}`) : under
}

/**
 * `a.b.c` → `*.b.c`, the only wildcard that covers it: one stands for exactly one label, as in a certificate (RFC 6125
 * §6.4.3). '' for a name of one label, or with an empty first one.
 */
export function wildcardOver(name: string): string {
  const dot = name.indexOf('.')
  return dot > 0 ? `*${name.slice(dot)}` : ''
}

/** What `server=` of a link may be: a host name of any length DNS allows, or an address. */
export function parseServerHost(text: string): Parsed<string> {
  const name = text.trim().toLowerCase()
  const bare = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
  if (isIpv4(bare) || isIpv6(bare)) return good(bare)
  if (name.includes('://') || name.includes('/'))
    return bad(`${JSON.stringify(text)} is a URL: give the host alone`)
  if (/:\d+$/.test(name)) return bad(`${JSON.stringify(text)}: the port goes into public_port`)
  if (/[^\x20-\x7e]/.test(name)) return bad(notAscii(text, name))
  if (name.length > 253 || !name.split('.').every((label) => LABEL.test(label))) {
    return bad(`${JSON.stringify(text)} is neither a host name nor an address`)
  }
  return good(name)
}

function notAscii(text: string, name: string): string {
  const ascii = domainToASCII(name)
  return `${JSON.stringify(text)} is not ASCII${ascii === '' ? '' : `: write ${JSON.stringify(ascii)}`}`
}
