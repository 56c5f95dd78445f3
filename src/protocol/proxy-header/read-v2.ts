import type { Buffer } from 'node:buffer'
import { addressText, IPV4_SIZE, IPV6_SIZE } from '../ip-address.ts'
import {
  MAX_V2_PAYLOAD,
  type ProxyHeaderReading,
  type ProxyRoute,
  V2_FIXED,
  V2_SIGNATURE,
} from './proxy-header.ts'

const VERSION = 2
const LOCAL = 0
const PROXY = 1
/** Families by the high nibble of the byte behind the command; the others tell no address that we can use. */
const UNSPEC = 0
const INET = 1
const INET6 = 2
const UNIX = 3
/** Transports by the low nibble: unspecified, stream, datagram. */
const LAST_TRANSPORT = 2
const MALFORMED: ProxyHeaderReading = { state: 'bad', code: 'malformed' }

/** HAProxy's specification, 2.2: binary, with TLVs behind the addresses. The first byte is known to be the signature's. */
export function readV2(bytes: Buffer): ProxyHeaderReading {
  for (let at = 0; at < Math.min(bytes.length, V2_SIGNATURE.length); at++) {
    if (bytes[at] !== V2_SIGNATURE[at]) return { state: 'bad', code: 'missing' }
  }
  if (bytes.length < V2_FIXED) return { state: 'incomplete' }
  const command = bytes[12]! & 0x0f
  if (bytes[12]! >> 4 !== VERSION || command > PROXY) return MALFORMED
  const family = bytes[13]! >> 4
  if (family > UNIX || (bytes[13]! & 0x0f) > LAST_TRANSPORT) return MALFORMED
  const payload = bytes.readUInt16BE(14)
  if (payload > MAX_V2_PAYLOAD) return { state: 'bad', code: 'too_long' }
  const length = V2_FIXED + payload
  if (bytes.length < length) return { state: 'incomplete' }
  const complete = { state: 'complete', version: 2, length } as const
  // What a LOCAL connection says of addresses must be passed over (2.2).
  if (command === LOCAL || family === UNSPEC || family === UNIX) return { ...complete, route: undefined }
  const size = family === INET ? IPV4_SIZE : family === INET6 ? IPV6_SIZE : 0
  // Behind the addresses come TLVs, of which portico needs none: the length covers them.
  if (payload < size * 2 + 4) return MALFORMED
  return { ...complete, route: readRoute(bytes, size) }
}

function readRoute(bytes: Buffer, size: number): ProxyRoute {
  const destination = V2_FIXED + size
  const ports = destination + size
  return {
    source: {
      address: addressText(bytes.subarray(V2_FIXED, destination)),
      port: bytes.readUInt16BE(ports),
    },
    destination: {
      address: addressText(bytes.subarray(destination, ports)),
      port: bytes.readUInt16BE(ports + 2),
    },
  }
}
