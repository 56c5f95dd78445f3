import { isPublicAddress } from '../../net/interfaces.ts'
import { addressBytes } from '../../protocol/ip-address.ts'
import type { ConnectionEnd } from '../../protocol/middle/key-derivation.ts'

export interface TextEnd {
  readonly address: string
  readonly port: number
}

/**
 * This end of a connection as the middle proxy sees it, because both derive the keys from it. Behind NAT that is one of our
 * public addresses, with our own port: the keys fit only where the NAT keeps it.
 * @param publicAddresses of this host, of either family
 * @returns undefined where nothing can be said of an end
 */
export function seenEnd(
  local: TextEnd | undefined,
  remote: TextEnd,
  publicAddresses: readonly string[],
): ConnectionEnd | undefined {
  if (!local) return undefined
  const own = addressBytes(local.address)
  if (!own) return undefined
  const isBehindNat = isPublicAddress(remote.address) && !isPublicAddress(local.address)
  if (!isBehindNat) return { address: own, port: local.port }
  const seen = publicAddresses
    .map((address) => addressBytes(address))
    .find((address) => address?.length === own.length)
  return { address: seen ?? own, port: local.port }
}
