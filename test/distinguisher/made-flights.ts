import type { FlightDefect } from '../../bench/distinguisher/defects/defect.ts'
import { type FirstFlight, firstFlight } from '../../bench/distinguisher/features/first-flight.ts'
import type { Observed } from '../../bench/distinguisher/layers/classify.ts'
import { below, exponential, type Random, seeded } from '../../bench/distinguisher/statistics/random.ts'
import type { Flow } from '../../bench/distinguisher/tap/flow.ts'
import { Recorder } from '../../bench/distinguisher/tap/recorder.ts'
import { record } from '../probes/hellos.ts'

/** RFC 7748 §6.1, Bob's public key: of every made flight, as none of the defects touches it. */
export const X25519_KEY = Buffer.from(
  'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  'hex',
)

const PRIME = 3329
const SERVER_HELLO_HEAD = 4 + 2 + 32 + 1 + 32 + 3 + 2

function bytes(length: number, random: Random): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => below(256, random)))
}

/** 1,088 bytes as an encapsulation gives them: compressed coefficients that are uniform modulo 3329 (FIPS 203 §4.2.1). */
export function ciphertext(random: Random): Buffer {
  const out = bytes(1088, random)
  let [held, bits, at] = [0, 0, 0]
  for (let coefficient = 0; coefficient < 768; coefficient++) {
    held |= (Math.round((1024 * below(PRIME, random)) / PRIME) & 1023) << bits
    for (bits += 10; bits >= 8; bits -= 8) {
      out[at++] = held & 0xff
      held >>>= 8
    }
  }
  return out
}

function serverHello(random: Random): Buffer {
  const share = Buffer.concat([Buffer.from('0033046411ec0460', 'hex'), ciphertext(random), X25519_KEY])
  const extensions = Buffer.concat([share, Buffer.from('002b00020304', 'hex')])
  const body = Buffer.alloc(SERVER_HELLO_HEAD)
  body[0] = 2
  body.writeUIntBE(SERVER_HELLO_HEAD - 4 + extensions.length, 1, 3)
  body.writeUInt16BE(0x0303, 4)
  bytes(32, random).copy(body, 6)
  body[38] = 32
  body.writeUInt16BE(0x1301, 71)
  body.writeUInt16BE(extensions.length, 74)
  return record(0x16, Buffer.concat([body, extensions]))
}

/** A hello and the flight of a front like Bun, as a tap writes them down; the size varies with a signature as real ones do. */
export function drawFlight(random: Random, defect?: FlightDefect): Flow {
  let clock = 0
  const recorder = new Recorder(() => clock)
  const hello = record(0x16, Buffer.alloc(512), 1)
  recorder.read('client', hello)
  const size = 1112 + below(2, random) + below(2, random)
  const flight = Buffer.concat([
    serverHello(random),
    Buffer.from('140303000101', 'hex'),
    record(0x17, bytes(size, random)),
  ])
  const { pieces, delay } = defect?.(flight, random) ?? { pieces: [flight], delay: 0 }
  clock += 0.5 + exponential(0.1, random) + (pieces.length === 1 ? delay : 0)
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) clock += delay
    recorder.read('server', piece)
  }
  recorder.ended('client', 'reset')
  return recorder.flow(40_000)
}

export function madeFlights(count: number, seed: number, defect?: FlightDefect): Observed<FirstFlight>[] {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, at) => ({
    value: firstFlight(drawFlight(random, defect)),
    group: at % 20,
  }))
}

/** Headers of a download in records of that size. */
export function drawTransfer(largest: number): Flow {
  const recorder = new Recorder(() => 0)
  recorder.read('client', record(0x16, Buffer.alloc(512), 1))
  recorder.read('server', record(0x16, Buffer.alloc(122)))
  recorder.read('client', record(0x17, Buffer.alloc(120)))
  for (let sent = 0; sent < 1 << 19; sent += largest)
    recorder.read('server', record(0x17, Buffer.alloc(largest)))
  return recorder.flow(40_000)
}
