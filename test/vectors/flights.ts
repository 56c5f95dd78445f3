import { readServerFlight, type ServerFlight } from '../../src/protocol/tls/server-flight.ts'
import { hex } from './vectors.ts'

function vector(width: number, content: Buffer): Buffer {
  const length = Buffer.alloc(width)
  length.writeUIntBE(content.length, 0, width)
  return Buffer.concat([length, content])
}

export const extension = (type: string, body: string) => Buffer.concat([hex(type), vector(2, hex(body))])
const record = (header: string, payload: Buffer) => Buffer.concat([hex(header), vector(2, payload)])
export const encrypted = (n: number) => record('170303', Buffer.alloc(n, n & 0xff))

export const TLS_13 = extension('002b', '0304')
export const SHARE = extension('0033', `001d0020${'55'.repeat(32)}`)
export const PQ_SHARE = extension('0033', `11ec0460${'66'.repeat(1_120)}`)
export const CCS = hex('140303000101')

interface HelloParts {
  random?: Buffer
  sessionId?: Buffer
  extensions?: Buffer[] | undefined
  after?: Buffer
}

/** The record of a ServerHello; `after` stands behind the message, within the record. */
export function serverHello(o: HelloParts = {}): Buffer {
  const { random = Buffer.alloc(32, 0x5e), sessionId = Buffer.alloc(32, 0x1d), after = Buffer.alloc(0) } = o
  const extensions = 'extensions' in o ? o.extensions : [TLS_13, SHARE]
  const block = extensions === undefined ? Buffer.alloc(0) : vector(2, Buffer.concat(extensions))
  const message = Buffer.concat([hex('0303'), random, vector(1, sessionId), hex('130100'), block])
  return record('160303', Buffer.concat([hex('02'), vector(3, message), after]))
}

/** A TLS 1.3 flight with encrypted records of the given payload sizes. */
export const flightOf = (...sizes: number[]) => Buffer.concat([serverHello(), CCS, ...sizes.map(encrypted)])

/** The flight in bytes that must hold a whole one. */
export function flightIn(bytes: Uint8Array, expectedRecords = 1): ServerFlight {
  const reading = readServerFlight(bytes, expectedRecords)
  if (reading.state !== 'complete') throw new Error(JSON.stringify(reading))
  return reading.flight
}
