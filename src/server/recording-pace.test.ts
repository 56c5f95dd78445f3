import { expect, it } from 'vitest'
import { FLIGHTS_KEPT, type Flights } from '../front/profile.ts'
import { RecordingPace } from './recording-pace.ts'

const FLIGHT = { cipherSuite: 0x1301, group: 0x1d, extensions: [], records: [1700], alpn: '' }
const known = (count: number): Flights => ({ tdlib: Array.from({ length: count }, () => FLIGHT) })
const rounds = (pace: RecordingPace, count: number, flights: Flights) =>
  Array.from({ length: count }, () => pace.next(flights))

it('asks often for a minute, then every minute until enough is known, then twice an hour', () => {
  const pace = new RecordingPace()
  expect(new Set(rounds(pace, 16, known(10)))).toEqual(new Set([4000]))
  expect(new Set(rounds(pace, 100, known(40)))).toEqual(new Set([60_000]))
  expect(pace.next(known(FLIGHTS_KEPT))).toBe(1_800_000)
})

it('does not go on asking a front of which little can be kept', () => {
  const pace = new RecordingPace()
  rounds(pace, 16 + 112, {})
  expect(new Set(rounds(pace, 24, {}))).toEqual(new Set([1_800_000]))
})

it('begins again when most was forgotten, half a day later at the soonest', () => {
  const pace = new RecordingPace()
  rounds(pace, 16 + 112 + 25, known(FLIGHTS_KEPT))
  expect(pace.next(known(FLIGHTS_KEPT))).toBe(1_800_000)
  expect(pace.next(known(2))).toBe(4000)
})
