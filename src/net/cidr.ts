import { BlockList, isIP } from 'node:net'

export interface Cidr {
  readonly family: 'ipv4' | 'ipv6'
  readonly address: string
  readonly prefix: number
}

/** An entry that is no network. */
export class CidrError extends Error {
  readonly code = 'bad_cidr'
  readonly text: string

  constructor(text: string) {
    super(`"${text}" is no network; write 192.0.2.0/24, 2001:db8::/32 or one address`)
    this.name = 'CidrError'
    this.text = text
  }
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
/** What the mapping of IPv4 into IPv6 adds to a prefix (RFC 4291 §2.5.5.2). */
const MAPPED_BITS = 96

/** `address/prefix`, or one address; IPv4 mapped into IPv6 becomes IPv4. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...more] = text.trim().split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || more.length > 0) return undefined
  const bits = version === 4 ? 32 : 128
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return undefined
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped !== undefined && prefix >= MAPPED_BITS) {
    return { family: 'ipv4', address: mapped, prefix: prefix - MAPPED_BITS }
  }
  return { family: version === 4 ? 'ipv4' : 'ipv6', address, prefix }
}

/** A set of networks. The constructor throws CidrError for an entry that is none. */
export class CidrSet {
  readonly #networks = new BlockList()

  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const cidr = parseCidr(text)
      if (cidr === undefined) throw new CidrError(text)
      this.#networks.addSubnet(cidr.address, cidr.prefix, cidr.family)
    }
  }

  /** Whether one of the networks holds the address, as a socket spells it (mapped and scoped forms included). */
  has(address: string): boolean {
    const plain = MAPPED.exec(address)?.[1] ?? address.replace(/%.*$/, '')
    const version = isIP(plain)
    return version !== 0 && this.#networks.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}
