import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { ClientHello } from './client-hello.ts'
import { ALPN, SERVER_NAME } from './constants.ts'

const NOTHING = '000000000000'
const HASH_LENGTH = 12
const MOST_COUNTED = 99

const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0304, '13'],
  [0x0303, '12'],
  [0x0302, '11'],
  [0x0301, '10'],
  [0x0300, 's3'],
  [0x0002, 's2'],
])

/**
 * The fingerprint of a ClientHello over TCP by the JA4 specification (FoxIO, technical_details/JA4.md): what filters tell
 * clients apart by, and independent of the order of extensions and of GREASE.
 */
export function ja4(hello: ClientHello): string {
  const ciphers = hello.cipherSuites.filter(isNoGrease)
  const extensions = hello.extensions.filter(isNoGrease)
  const start = [
    't',
    version(hello),
    extensions.includes(SERVER_NAME) ? 'd' : 'i',
    count(ciphers),
    count(extensions),
    firstAlpn(hello.alpn[0]),
  ].join('')
  const algorithms = hello.signatureAlgorithms.map(hex).join()
  const sorted = sortedHex(extensions.filter((type) => type !== SERVER_NAME && type !== ALPN))
  const offer = algorithms === '' ? sorted : `${sorted}_${algorithms}`
  return [start, hash(sortedHex(ciphers)), extensions.length === 0 ? NOTHING : hash(offer)].join('_')
}

/** RFC 8701: both bytes alike, ending in 0xa. */
function isNoGrease(value: number): boolean {
  return (value & 0x0f0f) !== 0x0a0a || value >> 8 !== (value & 0xff)
}

function version({ supportedVersions, version: legacy }: ClientHello): string {
  const offered = supportedVersions.filter(isNoGrease)
  return VERSIONS.get(offered.length > 0 ? Math.max(...offered) : legacy) ?? '00'
}

function count(values: readonly number[]): string {
  return String(Math.min(values.length, MOST_COUNTED)).padStart(2, '0')
}

/** First and last character of the first protocol; of its hex where one is not alphanumeric. */
function firstAlpn(protocol: string | undefined): string {
  if (protocol === undefined) return '00'
  const ends = `${protocol.at(0)}${protocol.at(-1)}`
  if (/^[0-9A-Za-z]{2}$/.test(ends)) return ends
  const bytes = Buffer.from(protocol, 'latin1').toString('hex')
  return `${bytes.at(0)}${bytes.at(-1)}`
}

function sortedHex(values: readonly number[]): string {
  return values.map(hex).toSorted().join()
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0')
}

function hash(text: string): string {
  return text === '' ? NOTHING : createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH)
}
