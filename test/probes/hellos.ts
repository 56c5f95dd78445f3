import { createSecretKey, randomBytes } from 'node:crypto'
import { type HelloClass, type HelloOptions, writeClientHello } from '../../src/protocol/tls/hello-writer.ts'
import { tlsRecords } from './observed-bytes.ts'

export const DOMAIN = 'www.example.org'
export const CLASSES: readonly HelloClass[] = ['tdlib', 'darwin', 'legacy']

/** A hello as a client sends it, its random drawn: nobody's. */
export function strangeHello(o: Partial<HelloOptions> = {}): Buffer {
  return writeClientHello({ class: 'tdlib', domain: DOMAIN, ...o }, randomBytes)
}

/** A user's hello, made now unless told otherwise. */
export function genuineHello(secret: Buffer, o: Partial<HelloOptions> = {}): Buffer {
  const now = Math.floor(Date.now() / 1000)
  return strangeHello({ secret: createSecretKey(secret), unixSeconds: now, ...o })
}

/** The same handshake message in records of the given payload sizes, the rest in a last one. */
export function inRecords(hello: Buffer, sizes: readonly number[]): Buffer {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  let at = 0
  for (const size of [...sizes, message.length]) {
    if (at >= message.length) break
    const payload = message.subarray(at, at + size)
    records.push(record(0x16, payload, 1))
    at += payload.length
  }
  return Buffer.concat(records)
}

/** Into `count` records of nearly one size. */
export function inEqualRecords(hello: Buffer, count: number): Buffer {
  const size = Math.ceil((hello.length - 5) / count)
  return inRecords(hello, Array(count - 1).fill(size))
}

export function record(type: number, payload: Uint8Array, minor = 3): Buffer {
  const header = Buffer.from([type, 3, minor, 0, 0])
  header.writeUInt16BE(payload.length, 3)
  return Buffer.concat([header, payload])
}

/** A ClientHello of its own making: for what no client would send. */
export interface HelloParts {
  readonly version?: number
  readonly sessionId?: Buffer
  readonly cipherSuites?: readonly number[]
  readonly extensions?: readonly (readonly [type: number, body: Buffer])[] | undefined
}

export function handMadeHello(parts: HelloParts): Buffer {
  const { version = 0x0303, sessionId = randomBytes(32), cipherSuites = [0x1301, 0xc02b, 0xc02f] } = parts
  const suites = Buffer.concat(cipherSuites.map((suite) => u16(suite)))
  const extensions = (parts.extensions ?? []).map(([type, body]) =>
    Buffer.concat([u16(type), vector(2, body)]),
  )
  const body = Buffer.concat([
    u16(version),
    randomBytes(32),
    vector(1, sessionId),
    vector(2, suites),
    Buffer.from([1, 0]),
    parts.extensions ? vector(2, Buffer.concat(extensions)) : Buffer.alloc(0),
  ])
  return record(0x16, Buffer.concat([Buffer.from([1]), vector(3, body)]), 1)
}

/** What a client without TLS 1.3 sends. */
export function tls12Hello(domain = DOMAIN): Buffer {
  return handMadeHello({
    sessionId: Buffer.alloc(0),
    cipherSuites: [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8],
    extensions: [serverName(domain), GROUPS, POINT_FORMATS, SIGNATURES, [0x0017, Buffer.alloc(0)]],
  })
}

/** TLS 1.3, its only key share of a group that few servers take first: asked again with a HelloRetryRequest. */
export function retriedHello(): Buffer {
  const shareless = vector(2, Buffer.alloc(0))
  const extensions = [serverName(DOMAIN), GROUPS, SIGNATURES, TLS13] as const
  return handMadeHello({ extensions: [...extensions, [0x0033, shareless]] })
}

export const serverName = (domain: string): readonly [number, Buffer] => [
  0,
  vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(domain))])),
]
export const GROUPS: readonly [number, Buffer] = [0x000a, Buffer.from('0006001d00170018', 'hex')]
export const POINT_FORMATS: readonly [number, Buffer] = [0x000b, Buffer.from('0100', 'hex')]
export const SIGNATURES: readonly [number, Buffer] = [
  0x000d,
  Buffer.from('001004030804040105030805050108060601', 'hex'),
]
export const TLS13: readonly [number, Buffer] = [0x002b, Buffer.from('020304', 'hex')]

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function vector(width: number, content: Buffer): Buffer {
  const length = Buffer.alloc(width)
  length.writeUIntBE(content.length, 0, width)
  return Buffer.concat([length, content])
}

/** How many encrypted records follow the ServerHello. */
export function encryptedRecords(flight: Buffer): number {
  return tlsRecords(flight).records.filter(({ type }) => type === 0x17).length
}
