import { createSocket } from 'node:dgram'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

export interface InterfaceAddress {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
}

/** Not reachable from everywhere: IANA special-purpose registries (RFC 6890), the networks a server is found in. */
const NOT_PUBLIC = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv6')
}

/** Whether the whole Internet may reach this address, as far as the address itself tells. */
export function isPublicAddress(address: string): boolean {
  return isIP(address) !== 0 && !NOT_PUBLIC.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** Addresses of this host's interfaces that are up, loopback and link-local left out. */
export function interfaceAddresses(): InterfaceAddress[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, internal }) => !internal && !address.startsWith('fe80:'))
    .map(({ address, family }) => ({ address, family: family === 'IPv6' ? 'ipv6' : 'ipv4' }))
}

// Connecting a datagram socket sends nothing; it makes the kernel choose a route (documentation networks,
// RFC 5737 and RFC 3849, stand for "somewhere else").
const ELSEWHERE = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } as const

/** The address of this host that packets to the Internet would carry; undefined without a route. No packet is sent. */
export function defaultRouteAddress(family: 'ipv4' | 'ipv6'): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(family === 'ipv4' ? 'udp4' : 'udp6')
    const finish = (address: string | undefined) => {
      socket.close()
      resolve(address)
    }
    socket.once('error', () => finish(undefined))
    socket.connect(9, ELSEWHERE[family], () => finish(socket.address().address))
  })
}
