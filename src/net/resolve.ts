import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'

/** Every address of a host name as this system sees it; empty when it has none. */
export async function resolveHost(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}

/** Whether an address is one of this host's own, loopback included. */
export function isOwnAddress(address: string): boolean {
  if (address === '::1' || address === '::' || address === '0.0.0.0' || address.startsWith('127.'))
    return true
  return Object.values(networkInterfaces()).some((list) => list?.some((own) => own.address === address))
}
