import { hash } from 'node:crypto'

/** Two 32-bit words that stand for an address or a network block in shared memory. */
export interface AddressKey {
  readonly place: number
  /** Never 0: an empty slot is 0. */
  readonly tag: number
}

/**
 * @param seed differs at each start, so that nobody can choose addresses that fall into one place
 */
export function addressKey(address: string, seed: string): AddressKey {
  const digest = hash('sha1', seed + address, 'buffer')
  return { place: digest.readUInt32LE(0), tag: digest.readInt32LE(4) | 1 }
}

/** The /24 of an IPv4 address or the /48 of an IPv6 one: what a provider gives to neighbours. */
export function networkBlock(address: string): string {
  if (!address.includes(':')) return address.slice(0, address.lastIndexOf('.'))
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) while (groups.length < 3) groups.push('0')
  return `${groups.slice(0, 3).join(':')}::`
}
