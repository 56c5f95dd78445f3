import type { Config } from '../config/schema.ts'
import { isNear } from '../front/locality.ts'
import { isIPv6Literal } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { InterfaceAddress } from '../net/interfaces.ts'
import { publicAddresses } from '../net/public-addresses.ts'
import { askStun } from '../net/stun.ts'

type Configured = Pick<Config, 'public_addresses' | 'public_host' | 'listener' | 'front' | 'telegram'>

export interface KnownAddressesDependencies {
  interfaceAddresses(): readonly InterfaceAddress[]
  /** Of a name; empty where it has none, or nobody can say. */
  addresses(name: string): Promise<readonly string[]>
}

/** Addresses of this host as the Internet sees it, found as the configuration says. */
export function knownAddresses(
  config: Configured,
  dependencies: KnownAddressesDependencies,
): Promise<string[]> {
  const { interfaceAddresses: interfaces, addresses } = dependencies
  const servers = config.telegram.middle.stun
  const stun =
    servers.length === 0 ? undefined : (family: 'ipv4' | 'ipv6') => seenByAny(servers, family, dependencies)
  return publicAddresses(config.public_addresses, ownNames(config), { interfaces, addresses, stun })
}

/** Names that lead to this host: those that links carry, and the site's where it is here. */
function ownNames({ public_host: host, listener, front }: Configured): string[] {
  const { address, domain } = front
  const isHere = address === 'built-in' || (address !== undefined && isNear(address))
  const names = [host, ...listener.map((each) => each.public_host), isHere ? domain : undefined]
  return [...new Set(names.filter((name) => name !== undefined))]
}

async function seenByAny(
  servers: readonly Endpoint[],
  family: 'ipv4' | 'ipv6',
  { addresses }: KnownAddressesDependencies,
): Promise<string | undefined> {
  const asked = servers.map(async (server) => {
    if (server.kind === 'unix') throw new TypeError('STUN has no unix sockets')
    const found = await addresses(server.host)
    const address = found.find((each) => isIPv6Literal(each) === (family === 'ipv6'))
    const seen = address === undefined ? undefined : await askStun(address, server.port)
    if (seen === undefined) throw new Error('no answer')
    return seen
  })
  try {
    return await Promise.any(asked)
  } catch {
    return undefined
  }
}
