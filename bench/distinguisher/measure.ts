import { type AddedTime, type AddedTimeOptions, addedTime, usersOf } from './collect/added-time.ts'
import type { ClientClass } from './collect/client-class.ts'
import { collectFlights, countEncryptedRecords } from './collect/flights.ts'
import { collectFlows, type WholeFlows } from './collect/flows.ts'
import { type FrontName, type Subject, startSubject } from './collect/subject.ts'
import type { FirstFlight } from './features/first-flight.ts'
import { flightFeatures, timingFeatures } from './features/flight-features.ts'
import { afterTheFlight, serverDirection, wholeFlow } from './features/flow-features.ts'
import { firstAnswerSizes, largestRecord, secondFlightSize, withoutFirstAnswer } from './features/tells.ts'
import { type Observed, tellApart } from './layers/classify.ts'
import { exactDifferences, factsCompared } from './layers/exact.ts'
import { twoSample } from './layers/two-sample.ts'
import type { Both, ClassResult, FlowResult } from './results.ts'
import { type Random, seeded } from './statistics/random.ts'
import type { Flow } from './tap/flow.ts'
import type { Taps } from './tap/tap.ts'

export interface Layers {
  readonly exact: boolean
  readonly twoSample: boolean
  readonly classifiers: boolean
  /** Of how many comparisons the run consists, for the correction of the two-sample tests. */
  readonly comparisons: number
}

/** Layers 1 to 3 on the first flight, for hellos of one class. */
export async function measureClass(
  { front, frontTap, porticoTap }: Subject,
  clientClass: ClientClass,
  sessions: number,
  layers: Layers,
  random: Random,
): Promise<ClassResult> {
  const encryptedRecords = await countEncryptedRecords(front.endpoint, clientClass)
  const arms = [
    { name: 'front', tap: frontTap, encryptedRecords },
    { name: 'again', tap: frontTap, encryptedRecords },
    { name: 'portico', tap: porticoTap, encryptedRecords: 1 },
  ]
  const flights = await collectFlights(arms, clientClass, sessions, random)
  const seen = (name: string): Seen => flights.get(name)!
  const [own, again, ours] = [seen('front'), seen('again'), seen('portico')]
  const both = <T>(compare: (one: Seen, other: Seen) => T): Both<T> => ({
    nothing: compare(own, again),
    portico: compare(own, ours),
  })
  const jitter = seeded(5)
  return {
    clientClass,
    flights: sessions,
    encryptedRecords,
    facts: factsCompared(plain(own)),
    ...(layers.exact && { exact: both((one, other) => exactDifferences(plain(one), plain(other))) }),
    ...(layers.twoSample && {
      twoSample: both((one, other) => twoSample(plain(one), plain(other), layers.comparisons)),
    }),
    ...(layers.classifiers && {
      firstFlight: both((one, other) => tellApart(one, other, flightFeatures)),
      timing: both((one, other) => tellApart(one, other, ({ timing }) => timingFeatures(timing))),
      jittered: both((one, other) => tellApart(one, other, ({ timing }) => timingFeatures(timing, jitter))),
    }),
    times: [times(own), times(again), times(ours)],
    likelihoods: { nothing: likelihoods(own), portico: likelihoods(ours) },
  }
}

type Seen = readonly Observed<FirstFlight>[]

function plain(seen: Seen): FirstFlight[] {
  return seen.map(({ value }) => value)
}

function times(seen: Seen): number[] {
  return seen.map(({ value }) => value.timing.lastByte)
}

function likelihoods(seen: Seen): number[] {
  return seen.flatMap(({ value }) => value.continuous['ML-KEM likelihood'] ?? [])
}

/** Layer 3 on whole sessions. */
export async function measureFlows(subject: Subject, rounds: number, random: Random): Promise<FlowResult> {
  const flows = await collectFlows(subject, rounds, random)
  return { flows: rounds, ...compareFlows(flows) }
}

export function compareFlows({ front, again, users }: WholeFlows): Omit<FlowResult, 'flows'> {
  const both = (features: Parameters<typeof tellApart<Flow>>[2]) => ({
    nothing: tellApart(front, again, features),
    portico: tellApart(front, users, features),
  })
  const values = (flows: readonly Observed<Flow>[]) => flows.map(({ value }) => value)
  const bare = again.map(({ value, group }) => ({ value: withoutFirstAnswer(value), group }))
  return {
    serverDirection: both(serverDirection),
    afterTheFlight: both(afterTheFlight),
    wholeFlow: both(wholeFlow),
    withoutTickets: tellApart(front, bare, afterTheFlight),
    largest: { nothing: largestRecord(values(front)), portico: largestRecord(values(users)) },
    secondFlights: {
      nothing: commonest(values(front).map(secondFlightSize)),
      portico: commonest(values(users).map(secondFlightSize)),
    },
    firstAnswers: {
      nothing: commonest(values(front).map(firstAnswerSizes)),
      portico: commonest(values(users).map(firstAnswerSizes)),
    },
  }
}

const SHOWN = 4

function commonest(values: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const share = (count: number) => `${Math.round((100 * count) / values.length)} %`
  const sorted = [...counts].sort((a, b) => b[1] - a[1])
  const shown = sorted.slice(0, SHOWN).map(([value, count]) => `${value} (${share(count)})`)
  return sorted.length > SHOWN ? [...shown, `${sorted.length - SHOWN} others`] : shown
}

/** Before a front of its own kind, with so many users in the configuration. */
export async function measureAddedTime(
  name: FrontName,
  taps: Taps,
  options: AddedTimeOptions,
  random: Random,
): Promise<AddedTime> {
  const subject = await startSubject(name, taps, { users: usersOf(options.users), workers: 2 })
  try {
    return await addedTime(subject, options, random)
  } finally {
    await subject.stop()
  }
}
