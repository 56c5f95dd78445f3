import { isIPv6 } from 'node:net'

/** Whether a host is an IPv6 address in text form (a name or an IPv4 address is not). */
export function isIPv6Literal(host: string): boolean {
  return isIPv6(host)
}
