import { Buffer } from 'node:buffer'
import { addressBytes, addressText, IPV4_SIZE, mappedBytes } from '../ip-address.ts'
import { type ProxyPeer, type ProxyRoute, V2_FIXED, V2_SIGNATURE } from './proxy-header.ts'

const V2_LOCAL = 0x20
const V2_PROXY = 0x21
const UNSPEC = 0x00
const TCP_OVER_IPV4 = 0x11
const TCP_OVER_IPV6 = 0x21

export type ProxyVersion = 'v1' | 'v2'

/**
 * The header for a client's connection. Without a route (a unix socket has no addresses) it says so; ends of two families
 * are both written as IPv6, the IPv4 one mapped.
 */
export function writeProxyHeader(version: ProxyVersion, route: ProxyRoute | undefined): Buffer {
  const ends = route && endsOf(route)
  if (version === 'v1') return ends ? v1(ends) : V1_UNKNOWN
  return ends ? v2(ends) : v2Without(V2_PROXY)
}

/** The header for a connection of our own (a check, a learned handshake). */
export function writeLocalHeader(version: ProxyVersion): Buffer {
  return version === 'v1' ? V1_UNKNOWN : v2Without(V2_LOCAL)
}

const V1_UNKNOWN = Buffer.from('PROXY UNKNOWN\r\n', 'latin1')

interface Ends {
  readonly source: Buffer
  readonly destination: Buffer
  readonly sourcePort: number
  readonly destinationPort: number
}

function endsOf({ source, destination }: ProxyRoute): Ends | undefined {
  const from = bytesOf(source)
  const to = bytesOf(destination)
  if (!from || !to) return undefined
  const mixed = from.length !== to.length
  return {
    source: mixed ? mappedBytes(from) : from,
    destination: mixed ? mappedBytes(to) : to,
    sourcePort: source.port,
    destinationPort: destination.port,
  }
}

/** A zone (`fe80::1%eth0`) has no place in the header. */
function bytesOf({ address }: ProxyPeer): Buffer | undefined {
  return addressBytes(address.replace(/%.*$/, ''))
}

function v1({ source, destination, sourcePort, destinationPort }: Ends): Buffer {
  const family = source.length === IPV4_SIZE ? 'TCP4' : 'TCP6'
  const [from, to] = [source, destination].map((bytes) => inFamily(bytes, family))
  return Buffer.from(`PROXY ${family} ${from} ${to} ${sourcePort} ${destinationPort}\r\n`, 'latin1')
}

function inFamily(bytes: Buffer, family: 'TCP4' | 'TCP6'): string {
  const text = addressText(bytes)
  return family === 'TCP6' && !text.includes(':') ? `::ffff:${text}` : text
}

function v2(ends: Ends): Buffer {
  const size = ends.source.length
  const header = v2Fixed(V2_PROXY, size === IPV4_SIZE ? TCP_OVER_IPV4 : TCP_OVER_IPV6, size * 2 + 4)
  ends.source.copy(header, V2_FIXED)
  ends.destination.copy(header, V2_FIXED + size)
  header.writeUInt16BE(ends.sourcePort, V2_FIXED + size * 2)
  header.writeUInt16BE(ends.destinationPort, V2_FIXED + size * 2 + 2)
  return header
}

function v2Without(command: number): Buffer {
  return v2Fixed(command, UNSPEC, 0)
}

function v2Fixed(command: number, family: number, payload: number): Buffer {
  const header = Buffer.alloc(V2_FIXED + payload)
  header.set(V2_SIGNATURE)
  header[12] = command
  header[13] = family
  header.writeUInt16BE(payload, 14)
  return header
}
