import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { FLIGHT_DEFECTS, type FlightDefectName } from '../../bench/distinguisher/defects/defect.ts'
import { RecordCutter } from '../../bench/distinguisher/defects/record-cutter.ts'
import { flightFeatures, timingFeatures } from '../../bench/distinguisher/features/flight-features.ts'
import { recordSizes, serverDirection } from '../../bench/distinguisher/features/flow-features.ts'
import { hasKeepAlive } from '../../bench/distinguisher/features/keep-alive.ts'
import { isX25519PublicKey, mlKemLikelihood } from '../../bench/distinguisher/features/key-share.ts'
import { tellApart } from '../../bench/distinguisher/layers/classify.ts'
import { exactDifferences, foreignValues } from '../../bench/distinguisher/layers/exact.ts'
import { twoSample } from '../../bench/distinguisher/layers/two-sample.ts'
import type { Run } from '../../bench/distinguisher/results.ts'
import { seeded } from '../../bench/distinguisher/statistics/random.ts'
import { RecordReader } from '../../bench/distinguisher/tap/record-reader.ts'
import { whyVoid } from '../../bench/distinguisher/verdict.ts'
import { record } from '../probes/hellos.ts'
import { ciphertext, drawFlight, drawTransfer, madeFlights, X25519_KEY } from './made-flights.ts'

/** Flights of an imagined front, so that nothing but the defect differs. */
const SOUND = madeFlights(200, 1)
const AGAIN = madeFlights(200, 2)

test('two samples of one front do not differ', () => {
  const [one, other] = [SOUND, AGAIN].map((flights) => flights.map(({ value }) => value))
  expect(exactDifferences(one!, other!)).toEqual([])
  expect(twoSample(one!, other!).rejected).toEqual([])
  const { combined } = tellApart(SOUND, AGAIN, flightFeatures)
  expect(Math.abs(combined.auc - 0.5)).toBeLessThan(4 * combined.error)
})

const BY_FLIGHT: FlightDefectName[] = ['random ML-KEM share', 'size ± 100 bytes', 'split flight']

test.each(BY_FLIGHT)('%s is found in the first flight', (name) => {
  const faulty = madeFlights(200, 3, FLIGHT_DEFECTS[name])
  expect(tellApart(SOUND, faulty, flightFeatures).combined.auc).toBeGreaterThan(0.95)
})

test('a delay of 8–24 ms is found through 5 ms of jitter', () => {
  const jitter = seeded(4)
  const faulty = madeFlights(200, 5, FLIGHT_DEFECTS['delay of 8–24 ms'])
  const { combined } = tellApart(SOUND, faulty, ({ timing }) => timingFeatures(timing, jitter))
  expect(combined.auc).toBeGreaterThan(0.95)
})

test('a constant byte is found exactly, and named', () => {
  const faulty = madeFlights(30, 6, FLIGHT_DEFECTS['constant byte'])
  const [one, other] = [SOUND, faulty].map((flights) => flights.map(({ value }) => value))
  expect(exactDifferences(one!, other!)).toEqual([
    { what: 'bytes of the begin of the encrypted part', front: '7: varies', other: '7: 5a' },
  ])
})

test('records of 16,379 bytes are found, exactly and by the classifiers', () => {
  const sound = Array.from({ length: 60 }, (_, at) => ({ value: drawTransfer(16_401), group: at % 20 }))
  const faulty = Array.from({ length: 60 }, (_, at) => ({ value: drawTransfer(16_379), group: at % 20 }))
  const sizes = (flows: typeof sound) => flows.flatMap(({ value }) => recordSizes(value))
  expect(JSON.stringify(foreignValues('record', sizes(sound), sizes(faulty)))).toContain('16379')
  expect(tellApart(sound, faulty, serverDirection).combined.auc).toBeGreaterThan(0.95)
})

test('a byte that is off by chance in a few flights is no difference', () => {
  expect(foreignValues('size', [...Array<number>(1000).fill(95), 93], Array<number>(1000).fill(95))).toEqual(
    [],
  )
})

test('a real ciphertext has a likelihood that random bytes have not', () => {
  const random = seeded(7)
  const mean = (draw: () => Uint8Array) =>
    Array.from({ length: 300 }, () => mlKemLikelihood(draw())).reduce((sum, one) => sum + one, 0) / 300
  // camouflage: a divergence of 6.5 nats between the two.
  expect(mean(() => ciphertext(random))).toBeGreaterThan(5.5)
  expect(mean(() => randomBytes(1088))).toBeLessThan(-5.5)
})

test('keys of X25519, and what is none', () => {
  expect(isX25519PublicKey(X25519_KEY)).toBe(true)
  // RFC 7748 §5.2, u coordinate of the first test vector; RFC 7748 §6.1, Alice's public key.
  const vector = 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'
  const alice = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'
  expect([vector, alice].map((key) => isX25519PublicKey(Buffer.from(key, 'hex')))).toEqual([true, true])
  const set = Buffer.from(X25519_KEY)
  set[31]! |= 0x80
  expect(isX25519PublicKey(set)).toBe(false)
  // Half of all u are on the twist, and half of all bytes have the top bit: a quarter passes.
  const passed = Array.from({ length: 400 }, () => isX25519PublicKey(randomBytes(32))).filter(Boolean).length
  expect(passed).toBeGreaterThan(50)
  expect(passed).toBeLessThan(150)
})

test('record headers are the same however reads cut them', () => {
  const bytes = Buffer.concat([
    record(0x16, randomBytes(90)),
    record(0x14, Buffer.of(1)),
    record(0x17, randomBytes(700)),
  ])
  const whole = new RecordReader().push(bytes)
  expect(whole.map(({ type, length }) => [type, length])).toEqual([
    [0x16, 90],
    [0x14, 1],
    [0x17, 700],
  ])
  const reader = new RecordReader()
  expect([...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)))).toEqual(whole)
  expect(drawFlight(seeded(1)).records).toHaveLength(4)
})

test('records are cut to another size without a byte lost', () => {
  const payload = randomBytes(40_000)
  const cutter = new RecordCutter(16_379)
  const stream = Buffer.concat([
    record(0x17, payload.subarray(0, 16_401)),
    record(0x17, payload.subarray(16_401, 32_802)),
    record(0x17, payload.subarray(32_802)),
  ])
  const out = Buffer.concat([cutter.push(stream.subarray(0, 1000)), cutter.push(stream.subarray(1000))])
  const lengths = new RecordReader().push(out).map(({ length }) => length)
  expect(Math.max(...lengths)).toBe(16_379)
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(payload.length)
})

test('the timer of a connection is read from the table of the kernel', () => {
  const row = (local: string, remote: string, timer: string) =>
    `   1: 0100007F:${local} 0100007F:${remote} 01 00000000:00000000 ${timer}:00000573 00000000 0 0 1 2`
  const table = `  sl local_address\n${row('01BB', 'C001', '02')}\n${row('01BB', 'C002', '00')}`
  expect([0xc001, 0xc002, 0xc003].map((port) => hasKeepAlive(443, port, table))).toEqual([
    true,
    false,
    undefined,
  ])
})

const RUN: Run = { command: '', machine: '', seed: 1, minutes: 1, fronts: [] }

test('a run with a missed defect, or a null that can be told apart, is void', () => {
  expect(whyVoid(RUN)).toEqual([])
  const missed = { name: 'constant byte', layer: 'exact sets', found: false }
  expect(whyVoid({ ...RUN, defects: { front: 'bun', rows: [missed] } })).toEqual([
    'seeded defect not found: constant byte',
  ])
  const offered = { ...missed, impossible: 'the front offers no ML-KEM' }
  expect(whyVoid({ ...RUN, defects: { front: 'bun', rows: [offered] } })).toEqual([])
  const nothing = tellApart(SOUND, madeFlights(200, 8, FLIGHT_DEFECTS['split flight']), flightFeatures)
  const classes = [
    {
      clientClass: 'darwin',
      flights: 300,
      encryptedRecords: 1,
      facts: 14,
      firstFlight: { nothing, portico: nothing },
      times: [[], [], []],
      likelihoods: { nothing: [], portico: [] },
    },
  ] as const
  expect(whyVoid({ ...RUN, fronts: [{ front: 'bun', classes }] }).join()).toContain('first flight, darwin')
})

test('a run whose front was gone is void unless each answer was a recorded one', () => {
  const of = (recorded: number, others: number) =>
    whyVoid({ ...RUN, fronts: [{ front: 'bun', classes: [], answers: { recorded, others } }] })
  expect(of(120, 0)).toEqual([])
  expect(of(119, 1).join()).toContain('bun was gone')
  expect(of(0, 0).join()).toContain('bun was gone')
})
