import type { Buffer } from 'node:buffer'
import { addressBytes, addressText, IPV4_SIZE, IPV6_SIZE } from '../ip-address.ts'
import { MAX_V1_LENGTH, type ProxyHeaderReading, type ProxyPeer } from './proxy-header.ts'

const CR = 0x0d
const LF = 0x0a
const PREFIX = 'PROXY '
const MALFORMED: ProxyHeaderReading = { state: 'bad', code: 'malformed' }

/** HAProxy's specification, 2.1: one line of text. The first byte is known to be `P`. */
export function readV1(bytes: Buffer): ProxyHeaderReading {
  const start = bytes.toString('latin1', 0, Math.min(bytes.length, PREFIX.length))
  if (!PREFIX.startsWith(start)) return { state: 'bad', code: 'missing' }
  const end = bytes.subarray(0, MAX_V1_LENGTH).indexOf(LF)
  if (end < 0) {
    return bytes.length >= MAX_V1_LENGTH ? { state: 'bad', code: 'too_long' } : { state: 'incomplete' }
  }
  if (bytes[end - 1] !== CR) return MALFORMED
  const line = bytes.toString('latin1', PREFIX.length, end - 1)
  const length = end + 1
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) {
    return { state: 'complete', version: 1, length, route: undefined }
  }
  const route = readRoute(line)
  return route ? { state: 'complete', version: 1, length, route } : MALFORMED
}

function readRoute(line: string): { source: ProxyPeer; destination: ProxyPeer } | undefined {
  const fields = line.split(' ')
  const size = fields[0] === 'TCP4' ? IPV4_SIZE : fields[0] === 'TCP6' ? IPV6_SIZE : undefined
  if (size === undefined || fields.length !== 5) return undefined
  const source = readPeer(fields[1]!, fields[3]!, size)
  const destination = readPeer(fields[2]!, fields[4]!, size)
  return source && destination && { source, destination }
}

function readPeer(text: string, digits: string, size: number): ProxyPeer | undefined {
  const address = addressBytes(text)
  if (address?.length !== size || !/^(0|[1-9]\d{0,4})$/.test(digits)) return undefined
  const port = Number(digits)
  return port <= 65_535 ? { address: addressText(address), port } : undefined
}
