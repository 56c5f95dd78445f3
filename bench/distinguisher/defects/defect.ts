import { MLKEM_CIPHERTEXT, X25519MLKEM768 } from '../features/key-share.ts'
import { serverHelloBytes } from '../features/server-hello-bytes.ts'
import type { Random } from '../statistics/random.ts'

/** What a proxy can do to a front's first flight. Pieces are written one after the other. */
export interface Altered {
  readonly pieces: readonly Uint8Array[]
  /** Milliseconds before the first, and between two. */
  readonly delay: number
}

export type FlightDefect = (flight: Buffer, random: Random) => Altered

const HEADER = 5
const CHANGE_CIPHER_SPEC_SIZE = 6

const whole = (flight: Buffer): Altered => ({ pieces: [flight], delay: 0 })

/** Faults that proxies of this kind have had (their names are the rows of the report), and none, for comparison. */
export const FLIGHT_DEFECTS = {
  none: whole,
  'random ML-KEM share': (flight, random) => {
    const hello = serverHelloBytes(flight)
    if (hello?.group !== X25519MLKEM768) return whole(flight)
    fill(hello.keyExchange.subarray(0, MLKEM_CIPHERTEXT), random)
    return whole(flight)
  },
  'size ± 100 bytes': (flight, random) => {
    const by = Math.round((random() * 2 - 1) * 100)
    const at = encryptedAt(flight)
    const length = flight.readUInt16BE(at + 3)
    const size = Math.max(20, length + by)
    const record = Buffer.alloc(HEADER + size, flight.subarray(at + HEADER, at + HEADER + length))
    flight.copy(record, 0, at, at + 3)
    record.writeUInt16BE(size, 3)
    const rest = flight.subarray(at + HEADER + length)
    return whole(Buffer.concat([flight.subarray(0, at), record, rest]))
  },
  'constant byte': (flight) => {
    flight[encryptedAt(flight) + HEADER + 7] = 0x5a
    return whole(flight)
  },
  'delay of 8–24 ms': (flight, random) => ({ pieces: [flight], delay: 8 + random() * 16 }),
  'split flight': (flight) => {
    const at = encryptedAt(flight) - CHANGE_CIPHER_SPEC_SIZE
    return { pieces: [flight.subarray(0, at), flight.subarray(at)], delay: 1 }
  },
} as const satisfies Record<string, FlightDefect>

export type FlightDefectName = keyof typeof FLIGHT_DEFECTS

/** Of the first encrypted record: behind the ServerHello and the ChangeCipherSpec. */
function encryptedAt(flight: Buffer): number {
  return HEADER + flight.readUInt16BE(3) + CHANGE_CIPHER_SPEC_SIZE
}

function fill(bytes: Uint8Array, random: Random): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(random() * 256)
}
