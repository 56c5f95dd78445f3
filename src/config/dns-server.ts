import { parseServerHost } from './host-name.ts'
import { bad, good, type Parsed } from './parsed.ts'

export type DnsServerSetting =
  | { readonly kind: 'system' }
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  | { readonly kind: 'tls'; readonly host: string; readonly port: number; readonly name?: string }
  | { readonly kind: 'https'; readonly url: string }

const PORTS = { udp: 53, tls: 853 } as const
const EXAMPLES = '"system", udp://9.9.9.9, tls://9.9.9.9#dns.quad9.net or https://dns.quad9.net/dns-query'

/** `system`, `udp://host:port`, `tls://host:port#name` or an `https://` URL. */
export function parseDnsServer(text: string): Parsed<DnsServerSetting> {
  const trimmed = text.trim()
  if (trimmed === 'system') return good({ kind: 'system' })
  if (trimmed.startsWith('https://')) return overHttps(trimmed)
  const match = /^(udp|tls):\/\/(\[[^\]]*\]|[^:/#?]+)(?::(\d{1,5}))?\/?(?:#([^/]+))?$/.exec(trimmed)
  const [, scheme, place = '', digits, certificate] = match ?? []
  const host = parseServerHost(place)
  if ((scheme !== 'udp' && scheme !== 'tls') || !host.ok) {
    return bad(`${JSON.stringify(text)} is no DNS server: write ${EXAMPLES}`)
  }
  const port = digits === undefined ? PORTS[scheme] : Number(digits)
  if (port < 1 || port > 65_535) return bad('a port is 1 to 65535')
  if (scheme === 'udp') {
    return certificate === undefined
      ? good({ kind: 'udp', host: host.value, port })
      : bad('only tls:// has a certificate whose name could stand behind "#"')
  }
  if (certificate === undefined) return good({ kind: 'tls', host: host.value, port })
  const name = parseServerHost(certificate)
  return name.ok ? good({ kind: 'tls', host: host.value, port, name: name.value }) : name
}

function overHttps(text: string): Parsed<DnsServerSetting> {
  const url = URL.parse(text)
  if (url === null) return bad(`${JSON.stringify(text)} is not a URL`)
  if (url.username !== '' || url.password !== '') {
    return bad('a URL with a user name or password is not possible here')
  }
  return good({ kind: 'https', url: url.href })
}
