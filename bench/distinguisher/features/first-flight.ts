import type { Flow, RecordSeen } from '../tap/flow.ts'
import { keyShareFacts } from './key-share.ts'
import { type ServerHelloBytes, serverHelloBytes } from './server-hello-bytes.ts'

/** What one flow says about the server's first flight. */
export interface FirstFlight {
  /** Values that are equal or are not: of each, the set of all flows is compared. */
  readonly categorical: Readonly<Record<string, string>>
  /** Sizes that vary a little with the signature. */
  readonly sizes: Readonly<Record<string, number>>
  /** What varies over a range. */
  readonly continuous: Readonly<Record<string, number>>
  readonly timing: FlightTiming
  /** The bytes that are the same for all flows or are not, in parts that begin where something begins. */
  readonly parts: Readonly<Record<string, Uint8Array>>
}

/** Milliseconds from the hello's last byte, at the tap. */
export interface FlightTiming {
  readonly firstByte: number
  readonly lastByte: number
}

const HEADER = 5
const APPLICATION_DATA = 0x17
/** Bytes at either end of the encrypted part that are compared one by one. */
const COMPARED = 64
const CLIENT_SESSION_ID = 44

/** @throws if the flow has no ServerHello: then nothing can be said about it */
export function firstFlight(flow: Flow): FirstFlight {
  const hello = serverHelloBytes(flow.server)
  if (!hello) throw new Error(`no ServerHello in ${flow.serverBytes} bytes`)
  const records = flow.records.filter(({ from }) => from === 'server')
  const encrypted = records.filter(({ type }) => type === APPLICATION_DATA)
  const share = keyShareFacts(hello.group, hello.keyExchange)
  const reads = flow.reads.filter(({ from }) => from === 'server')
  const payload = encryptedBytes(flow.server, records)
  return {
    categorical: {
      'record types': records.map(({ type }) => type.toString(16)).join(' '),
      'encrypted records': String(encrypted.length),
      'record versions': [...new Set(records.map(({ version }) => hex(version)))].join(' '),
      'ServerHello size': String(records[0]!.length),
      'ServerHello version': hex(hello.legacyVersion),
      'cipher suite': hex(hello.cipherSuite),
      compression: String(hello.compression),
      'negotiated version': hex(hello.version),
      'extension order': hello.extensions.map(hex).join(' '),
      group: hex(hello.group),
      'key share size': String(hello.keyExchange.length),
      'session id': echo(hello, flow.client),
      ...(share && {
        'X25519 top bit': share.topBit ? 'set' : 'clear',
        'X25519 key': share.onCurve ? 'a point' : 'none',
      }),
    },
    sizes: {
      ...Object.fromEntries(encrypted.map(({ length }, at) => [`encrypted record ${at + 1}`, length])),
      'flight bytes': records.reduce((sum, { length }) => sum + HEADER + length, 0),
      segments: reads.length,
      'first segment': reads[0]!.bytes,
    },
    continuous: {
      ...(share?.likelihood !== undefined && { 'ML-KEM likelihood': share.likelihood }),
      'bits of the random': popcount(hello.random),
      'bits of the key share': popcount(hello.keyExchange),
      'bits of the encrypted part': popcount(payload) / Math.max(1, payload.length),
      'mean of the encrypted part':
        payload.reduce((sum, byte) => sum + byte, 0) / Math.max(1, payload.length),
    },
    timing: timingOf(flow),
    parts: {
      random: hello.random,
      'key share': hello.keyExchange,
      'begin of the encrypted part': payload.subarray(0, COMPARED),
      'end of the encrypted part': payload.subarray(-COMPARED),
    },
  }
}

/** The payloads of the encrypted records, one behind the other. */
function encryptedBytes(server: Uint8Array, records: readonly RecordSeen[]): Uint8Array {
  const payloads: Uint8Array[] = []
  let at = 0
  for (const { type, length } of records) {
    if (type === APPLICATION_DATA) payloads.push(server.subarray(at + HEADER, at + HEADER + length))
    at += HEADER + length
  }
  return Buffer.concat(payloads)
}

function echo({ sessionId }: ServerHelloBytes, client: Uint8Array): string {
  if (sessionId.length === 0) return 'empty'
  const sent = client.subarray(CLIENT_SESSION_ID, CLIENT_SESSION_ID + sessionId.length)
  return Buffer.from(sent).equals(sessionId) ? 'echoed' : 'another'
}

function timingOf({ reads }: Flow): FlightTiming {
  const first = reads.findIndex(({ from }) => from === 'server')
  const asked = reads[first - 1]?.at ?? 0
  return {
    firstByte: reads[first]!.at - asked,
    lastByte: reads.findLast(({ from }) => from === 'server')!.at - asked,
  }
}

function popcount(bytes: Uint8Array): number {
  let sum = 0
  for (const byte of bytes) {
    for (let left = byte; left > 0; left &= left - 1) sum++
  }
  return sum
}

const hex = (value: number) => value.toString(16).padStart(4, '0')
