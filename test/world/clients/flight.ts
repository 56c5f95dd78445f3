import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RawSocket } from './raw-socket.ts'

export class FlightError extends Error {
  readonly code: 'hello_response_invalid' | 'hash_mismatch' | 'too_many_data'

  constructor(code: FlightError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** A server's first flight as a Telegram client takes it in. */
export interface Flight {
  readonly bytes: Buffer
  /** Payload bytes of the ServerHello record. */
  readonly serverHello: number
  /** Payload bytes of the one encrypted record. */
  readonly encrypted: number
}

const RANDOM_AT = 11
const RANDOM_SIZE = 32
const SERVER_HELLO = Buffer.from('160303', 'hex')
const REST = Buffer.from('140303000101170303', 'hex')

/**
 * Reads and judges by TDLib's rules (TlsInit.cpp): two fixed prefixes, the HMAC over exactly one flight, and not
 * a byte more in the buffer.
 * @throws FlightError, PeerEnded, ReadTimeout
 */
export async function readFlight(
  socket: RawSocket,
  secret: Buffer,
  clientRandom: Buffer,
  timeout?: number,
): Promise<Flight> {
  const first = await readPart(socket, SERVER_HELLO, timeout)
  const second = await readPart(socket, REST, timeout)
  const bytes = Buffer.concat([first, second])
  const expected = createHmac('sha256', secret).update(clientRandom).update(zeroRandom(bytes)).digest()
  if (!timingSafeEqual(expected, bytes.subarray(RANDOM_AT, RANDOM_AT + RANDOM_SIZE))) {
    throw new FlightError('hash_mismatch', 'Response hash mismatch')
  }
  if (socket.unread > 0) throw new FlightError('too_many_data', `${socket.unread} bytes after the flight`)
  return { bytes, serverHello: first.length - 5, encrypted: second.length - REST.length - 2 }
}

async function readPart(socket: RawSocket, prefix: Buffer, timeout?: number): Promise<Buffer> {
  const head = await socket.read(prefix.length + 2, timeout)
  if (!head.subarray(0, prefix.length).equals(prefix)) {
    throw new FlightError('hello_response_invalid', `${head.toString('hex')} for ${prefix.toString('hex')}`)
  }
  return Buffer.concat([head, await socket.read(head.readUInt16BE(prefix.length), timeout)])
}

function zeroRandom(bytes: Buffer): Buffer {
  return Buffer.from(bytes).fill(0, RANDOM_AT, RANDOM_AT + RANDOM_SIZE)
}
