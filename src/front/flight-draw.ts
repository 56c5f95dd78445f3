import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { helloClass } from '../protocol/tls/hello-writer.ts'
import type { RecordedFlight } from '../protocol/tls/recorded-flight.ts'
import { HELLO_CLASSES } from './learn.ts'
import { type Flights, largest, SAME_RECORD } from './profile.ts'

/**
 * Flights of one class and offer by which its shares can be known: of fewer, one in a hundred such lots lacks the longest of a
 * P-256 signature's three usual lengths, and would be held against the others a byte askew.
 */
const ENOUGH = 16
/** Two lots whose shares are more apart than this, of 1 at most, do not follow one law, such as those of two certificates. */
const APART = 1 / 3

/**
 * How often an ECDSA signature in DER is so many bytes shorter than the longest. Each of its two integers is uniform over a whole
 * number of bytes (P-256, P-384), has a zero byte before it in half of all cases, and lacks a byte in one of 512 (X.690 §8.3).
 */
const SIGNATURE_LENGTHS = [1 / 4, 255 / 512, 1 / 4, 1 / 512]
/** Not counted on to be seen. */
const RARE = 1 / 100
/** χ² with two degrees of freedom: one lot of signatures in a thousand is further from its law. */
const UNLIKELY = 13.8

/** What was recorded for hellos of one class that offered the same in ALPN. */
interface Lot {
  readonly flights: readonly RecordedFlight[]
  /** How far each record of a flight is from the largest of the lot, for each flight. */
  readonly deviations: readonly string[]
  /** How many flights deviate so; undefined: they differ by more than a signature, or are too few. */
  readonly counts: Counts | undefined
}

type Counts = ReadonlyMap<string, number>

interface Choices {
  readonly flights: readonly RecordedFlight[]
  /** Of each flight, with those before it. */
  readonly weights: readonly number[]
}

/**
 * Draws from what a front has sent, always a whole flight that it sent to a hello of this class. Sizes differ by the length of a
 * signature, which has one law whatever was asked: so they come in the shares of ECDSA's, where what was seen agrees with these,
 * else in the shares that they have in all lots together.
 */
export class FlightDraw {
  readonly #byClass: ReadonlyMap<string, { readonly all: Choices; readonly byOffer: Map<string, Choices> }>

  constructor(flights: Flights) {
    const classes = HELLO_CLASSES.map((name) => [name, lotsOf(flights[name] ?? [])] as const)
    const everything = classes.flatMap(([, lots]) => [...lots.values()])
    this.#byClass = new Map(
      classes.map(([name, lots]) => [
        name,
        {
          all: evenly(flights[name] ?? []),
          byOffer: new Map([...lots].map(([offer, lot]) => [offer, weighted(lot, everything)])),
        },
      ]),
    )
  }

  /** Undefined where nothing is known of such hellos. */
  draw(hello: ClientHello, random: (n: number) => Buffer): RecordedFlight | undefined {
    const known = this.#byClass.get(helloClass(hello))!
    const { flights, weights } = known.byOffer.get(hello.alpn.join()) ?? known.all
    const drawn = (random(4).readUInt32LE(0) / 2 ** 32) * (weights.at(-1) ?? 0)
    return flights[weights.findIndex((weight) => drawn < weight)]
  }
}

function lotsOf(flights: readonly RecordedFlight[]): Map<string, Lot> {
  const byOffer = Map.groupBy(flights, ({ alpn }) => alpn)
  return new Map([...byOffer].map(([offer, lot]) => [offer, lotOf(lot)]))
}

function lotOf(flights: readonly RecordedFlight[]): Lot {
  const most = largest(flights)
  const apart = flights.map(({ records }) => most.map((size, at) => size - (records[at] ?? 0)))
  const isOneKind =
    flights.length >= ENOUGH &&
    flights.every(({ records }) => records.length === most.length) &&
    apart.every((each) => each.every((bytes) => bytes <= SAME_RECORD))
  const deviations = apart.map((each) => each.join())
  return { flights, deviations, counts: isOneKind ? counted(deviations) : undefined }
}

function counted(values: readonly string[]): Counts {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function weighted({ flights, deviations, counts }: Lot, all: readonly Lot[]): Choices {
  if (!counts) return evenly(flights)
  const alike = all.flatMap((lot) =>
    lot.counts && distance(counts, lot.counts) <= APART ? [lot.counts] : [],
  )
  const pooled = together(alike)
  const shares = isBySignature(pooled) ? signatureShares(pooled) : pooled
  // Those of this lot that deviate alike share what all lots have of that deviation.
  const weights = deviations.map((deviation) => shares.get(deviation)! / counts.get(deviation)!)
  return { flights, weights: cumulative(weights) }
}

function together(lots: readonly Counts[]): Counts {
  const sums = new Map<string, number>()
  for (const [deviation, count] of lots.flatMap((lot) => [...lot])) {
    sums.set(deviation, (sums.get(deviation) ?? 0) + count)
  }
  return sums
}

/** Whether what was seen may well be the length of an ECDSA signature, and nothing else. */
function isBySignature(counts: Counts): boolean {
  const vectors = [...counts.keys()].map((deviation) => deviation.split(',').map(Number))
  const varying = vectors[0]!.filter((_, at) => vectors.some((each) => each[at] !== 0))
  if (varying.length !== 1 || [...counts.keys()].some((each) => missing(each) >= SIGNATURE_LENGTHS.length))
    return false
  const seen = SIGNATURE_LENGTHS.map((_, bytes) =>
    [...counts].reduce((sum, [deviation, count]) => sum + (missing(deviation) === bytes ? count : 0), 0),
  )
  const total = seen.reduce((sum, count) => sum + count, 0)
  const chiSquare = SIGNATURE_LENGTHS.reduce(
    (sum, share, bytes) => sum + (share < RARE ? 0 : (seen[bytes]! - total * share) ** 2 / (total * share)),
    0,
  )
  return chiSquare < UNLIKELY
}

function signatureShares(counts: Counts): Counts {
  return new Map([...counts.keys()].map((deviation) => [deviation, SIGNATURE_LENGTHS[missing(deviation)]!]))
}

/** Bytes of all records below those of the longest flight. */
function missing(deviation: string): number {
  return deviation.split(',').reduce((sum, bytes) => sum + Number(bytes), 0)
}

/** Half the sum of what their shares differ by: 0 for equal ones, 1 where no deviation is in both. */
function distance(one: Counts, other: Counts): number {
  const [total, otherTotal] = [one, other].map((counts) => [...counts.values()].reduce((a, b) => a + b, 0))
  const all = new Set([...one.keys(), ...other.keys()])
  const share = (counts: Counts, deviation: string, of: number) => (counts.get(deviation) ?? 0) / of
  return [...all].reduce(
    (sum, each) => sum + Math.abs(share(one, each, total!) - share(other, each, otherTotal!)) / 2,
    0,
  )
}

function evenly(flights: readonly RecordedFlight[]): Choices {
  return { flights, weights: flights.map((_, at) => at + 1) }
}

function cumulative(values: readonly number[]): number[] {
  let sum = 0
  return values.map((value) => (sum += value))
}
