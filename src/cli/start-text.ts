import type { Config } from '../config/schema.ts'
import type { Site, SiteFacts } from '../front/site.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import type { InterfaceAddress } from '../net/interfaces.ts'
import { isPublicAddress } from '../net/interfaces.ts'

/** Of sites that are portico's own; undefined where none is. */
export function trialText(domains: readonly string[], { front }: Config): string | undefined {
  const [first, ...others] = domains
  if (first === undefined) return undefined
  const isMainAlone = others.length === 0 && first === front.domain
  const remedy = isMainAlone
    ? 'set front.domain and front.address to a real site'
    : 'let each domain and address be those of a real site'
  return `Trial front: a self-made certificate for ${domains.join(', ')}. Fine for your own phone; do not hand out links yet: ${remedy}.`
}

/** `Front www.example.org: TLS 1.3, X25519MLKEM768, one encrypted record: mirrored as it is`; a front that no user could be answered by has warnings. */
export function frontText(
  { domain, builtIn }: Site,
  { records: { tdlib: records }, mlkem }: SiteFacts,
  answer: Config['front']['answer'],
): string | undefined {
  if (records === undefined) return undefined
  const name = builtIn ? `${domain} (built-in)` : domain
  const group = mlkem ? 'X25519MLKEM768' : 'X25519'
  const flight = records === 1 ? 'one encrypted record' : `${records} encrypted records`
  const mirrored = records === 1 ? ': mirrored as it is' : ': merged into one'
  return `Front ${name}: TLS 1.3, ${group}, ${flight}${answer === 'profile' ? '' : mirrored}`
}

type Family = InterfaceAddress['family']

/** `Serving 203.0.113.7:443, IPv4 only (this host has no IPv6)`: what is bound, a wildcard as this host's own address. */
export function servingText(
  bound: readonly Endpoint[],
  config: Config,
  own: readonly InterfaceAddress[],
  fallback: string,
): string {
  const shown = bound.flatMap((endpoint) => spelledOut(endpoint, own, fallback))
  const both = config.listener.some(({ address }) => address.kind === 'tcp' && address.host === '')
  const hasIpv6 = own.some(({ family }) => family === 'ipv6')
  const note = both && !hasIpv6 ? ', IPv4 only (this host has no IPv6)' : ''
  return `Serving ${[...new Set(shown)].join(' and ')}${note}`
}

function spelledOut(endpoint: Endpoint, own: readonly InterfaceAddress[], fallback: string): string[] {
  if (endpoint.kind === 'unix') return [formatEndpoint(endpoint)]
  const families = wildcardFamilies(endpoint.host)
  if (families === undefined) return [formatEndpoint(endpoint)]
  const hosts = families.flatMap((family) => bestOf(family, own) ?? (family === 'ipv4' ? fallback : []))
  return hosts.map((host) => formatEndpoint({ ...endpoint, host }))
}

function wildcardFamilies(host: string): Family[] | undefined {
  if (host === '') return ['ipv4', 'ipv6']
  if (host === '0.0.0.0') return ['ipv4']
  return host === '::' ? ['ipv6'] : undefined
}

function bestOf(family: Family, own: readonly InterfaceAddress[]): string | undefined {
  const same = own.filter((each) => each.family === family).map(({ address }) => address)
  return same.find(isPublicAddress) ?? same[0]
}
