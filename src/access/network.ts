import { addressBytes } from '../config/ip.ts'

export interface Prefixes {
  readonly ipv4: number
  readonly ipv6: number
}

/** Groups of an IPv6 address in a /64. */
const CUSTOMER_GROUPS = 4

/** Whom a provider serves as one: an IPv4 address, an IPv6 /64. For addresses as the system spells them, and cheap. */
export function oneCustomer(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  for (let n = 0; n < missing && groups.length < CUSTOMER_GROUPS; n++) groups.push('0')
  if (groups.length < CUSTOMER_GROUPS && tail !== undefined) groups.push(...tail.split(':'))
  return `${groups.slice(0, CUSTOMER_GROUPS).join(':')}::`
}

/** The network of an address in a spelling of its own, `c6336400/24`; undefined: no address (a unix socket). */
export function networkOf(address: string, prefixes: Prefixes): string | undefined {
  const bytes = addressBytes(address.replace(/%.*$/, ''))
  if (!bytes) return undefined
  const prefix = bytes.length === 4 ? prefixes.ipv4 : prefixes.ipv6
  const kept = bytes.slice(0, Math.ceil(prefix / 8))
  const over = kept.length * 8 - prefix
  if (over > 0) kept[kept.length - 1] = kept[kept.length - 1]! & (0xff << over)
  return `${Buffer.from(kept).toString('hex')}/${prefix}${bytes.length === 4 ? '' : 'v6'}`
}
