import { isIPv6 } from 'node:net'
import { type InterfaceAddress, isPublicAddress } from './interfaces.ts'

export interface PublicAddressSources {
  interfaces(): readonly InterfaceAddress[]
  /** Of a name; empty where it has none, or nobody can say. */
  addresses(name: string): Promise<readonly string[]>
  /** Where strangers may be asked: what one sees of this host in that family. Absent: nobody is asked. */
  stun?: ((family: 'ipv4' | 'ipv6') => Promise<string | undefined>) | undefined
}

const FAMILIES = ['ipv4', 'ipv6'] as const

/**
 * Addresses of this host as the Internet sees it, IPv4 first. Given ones are taken as they are; `auto` stands for what is
 * found for each family: public addresses of the interfaces, else those of the names, else what STUN says.
 * @param names that lead to this host, as its operator says
 */
export async function publicAddresses(
  given: readonly string[],
  names: readonly string[],
  sources: PublicAddressSources,
): Promise<string[]> {
  const literal = given.filter((each) => each !== 'auto')
  if (literal.length === given.length) return literal
  const found: string[] = []
  for (const family of FAMILIES) {
    if (literal.some((address) => familyOf(address) === family)) continue
    found.push(...(await find(family, names, sources)))
  }
  return [...literal, ...found]
}

async function find(
  family: 'ipv4' | 'ipv6',
  names: readonly string[],
  sources: PublicAddressSources,
): Promise<readonly string[]> {
  const fits = (address: string) => familyOf(address) === family && isPublicAddress(address)
  const own = sources.interfaces().flatMap(({ address }) => (fits(address) ? [address] : []))
  if (own.length > 0) return own
  // Without any address of a family this host is not behind a NAT of that family.
  if (!sources.interfaces().some((each) => each.family === family)) return []
  for (const name of names) {
    const addresses = (await sources.addresses(name)).filter(fits)
    if (addresses.length > 0) return addresses
  }
  const seen = await sources.stun?.(family)
  return seen !== undefined && fits(seen) ? [seen] : []
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
