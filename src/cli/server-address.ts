import { isPublicAddress } from '../net/interfaces.ts'
import type { Surroundings } from './surroundings.ts'

export interface ServerAddress {
  readonly address: string
  /** False: a private or loopback address, which phones elsewhere cannot reach. */
  readonly isPublic: boolean
}

type Network = Pick<Surroundings, 'interfaceAddresses' | 'defaultRouteAddress'>

/**
 * The first of the known public addresses, else a public one of an interface (IPv4 first), else the one the default route
 * would use, else loopback. Asks nobody.
 */
export async function serverAddress(network: Network, known: readonly string[] = []): Promise<ServerAddress> {
  const [told] = known
  if (told !== undefined) return { address: told, isPublic: true }
  const own = network.interfaceAddresses()
  const publicOnes = own.filter(({ address }) => isPublicAddress(address))
  const best = publicOnes.find(({ family }) => family === 'ipv4') ?? publicOnes[0]
  if (best !== undefined) return { address: best.address, isPublic: true }
  const routed = (await network.defaultRouteAddress('ipv4')) ?? (await network.defaultRouteAddress('ipv6'))
  return { address: routed ?? '127.0.0.1', isPublic: false }
}

/** Every address by which a name could lead to this host. @param given `public_addresses` of the configuration */
export function ownAddresses(network: Network, given: readonly string[] = []): string[] {
  return [...network.interfaceAddresses().map(({ address }) => address), ...given]
}
