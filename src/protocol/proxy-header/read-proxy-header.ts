import type { Buffer } from 'node:buffer'
import { type ProxyHeaderReading, V2_SIGNATURE } from './proxy-header.ts'
import { readV1 } from './read-v1.ts'
import { readV2 } from './read-v2.ts'

const P = 0x50

/**
 * Reads a PROXY header of either version from the first bytes of a connection (HAProxy's specification). The header is
 * mandatory: bytes that begin neither version are `missing` at once.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeaderReading {
  if (bytes.length === 0) return { state: 'incomplete' }
  if (bytes[0] === V2_SIGNATURE[0]) return readV2(bytes)
  return bytes[0] === P ? readV1(bytes) : { state: 'bad', code: 'missing' }
}
