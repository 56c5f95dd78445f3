import { Buffer } from 'node:buffer'

/** Bytes of an address: 4 or 16. */
export const IPV4_SIZE = 4
export const IPV6_SIZE = 16

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const GROUP = /^[0-9a-f]{1,4}$/i
/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX = Buffer.from('00000000000000000000ffff', 'hex')

/** 4 or 16 bytes of an address in text form; undefined for anything else. Zones are not addresses. */
export function addressBytes(text: string): Buffer | undefined {
  if (IPV4.test(text)) return Buffer.from(text.split('.').map(Number))
  return text.includes(':') ? ipv6Bytes(text) : undefined
}

function ipv6Bytes(text: string): Buffer | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const isWhole = halves.length === 1
  const head = groupBytes(halves[0] ?? '', isWhole)
  const tail = groupBytes(halves[1] ?? '', true)
  if (head === undefined || tail === undefined) return undefined
  const missing = IPV6_SIZE - head.length - tail.length
  // "::" stands for at least one group (RFC 4291 §2.2).
  if (isWhole ? missing !== 0 : missing < 2) return undefined
  return Buffer.from([...head, ...new Array<number>(missing).fill(0), ...tail])
}

/** Hexadecimal groups; the very last of an address may be an IPv4 address. */
function groupBytes(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    if (GROUP.test(part)) {
      const value = Number.parseInt(part, 16)
      bytes.push(value >> 8, value & 0xff)
    } else if (isEnd && at === parts.length - 1 && IPV4.test(part)) bytes.push(...part.split('.').map(Number))
    else return undefined
  }
  return bytes
}

/**
 * The text of 4 or 16 bytes: RFC 5952 for IPv6, and IPv4 mapped into IPv6 as IPv4.
 * @throws RangeError for any other number of bytes
 */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === IPV4_SIZE) return bytes.join('.')
  if (bytes.length !== IPV6_SIZE) throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`)
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.subarray(0, 12).equals(MAPPED_PREFIX)) return view.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => view.readUInt16BE(at * 2))
  const { start, length } = longestZeros(groups)
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  if (length < 2) return text(groups)
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [at, group] of groups.entries()) {
    if (group !== 0) start = at + 1
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start }
  }
  return best
}

/** 16 bytes: IPv4 becomes mapped. */
export function mappedBytes(bytes: Buffer): Buffer {
  return bytes.length === IPV6_SIZE ? bytes : Buffer.concat([MAPPED_PREFIX, bytes])
}
