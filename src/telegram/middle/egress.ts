import { isPublicAddress } from '../../net/interfaces.ts'
import type { LocalEnd } from '../../net/leg.ts'
import { addressBytes } from '../../protocol/ip-address.ts'
import type { ConnectionEnd } from '../../protocol/middle/key-derivation.ts'

/**
 * This end of a connection as the middle proxy sees it, because both derive the keys from it. Behind NAT that is one of our
 * public addresses, with our own port: the keys fit only where the NAT keeps it.
 * @param local this end of the connection, or that of the SOCKS server by which it goes
 * @param publicAddresses of this host, of either family
 * @returns undefined where nothing can be said of an end
 */
export function seenEnd(
  local: LocalEnd | undefined,
  remote: LocalEnd,
  publicAddresses: readonly string[],
): ConnectionEnd | undefined {
  if (!local) return undefined
  const own = addressBytes(local.address)
  if (!own || own.length !== addressBytes(remote.address)?.length) return undefined
  const isBehindNat = isPublicAddress(remote.address) && !isPublicAddress(local.address)
  if (!isBehindNat) return { address: own, port: local.port }
  const seen = publicAddresses
    .map((address) => addressBytes(address))
    .find((address) => address?.length === own.length)
  return { address: seen ?? own, port: local.port }
}
