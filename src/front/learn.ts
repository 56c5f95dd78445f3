import type { Endpoint } from '../net/endpoint.ts'
import type { Exchange, ExchangeOptions } from '../net/exchange.ts'
import type { QuietConnection } from '../net/peer-keep-alive.ts'
import { type HelloClass, writeClientHello } from '../protocol/tls/hello-writer.ts'
import { MAX_FLIGHT, readServerFlight, type ServerFlight } from '../protocol/tls/server-flight.ts'
import { isNear } from './locality.ts'
import type { NoMirrorReason, Site, SiteFacts } from './site.ts'
import { nameToAsk } from './sites.ts'

export const HELLO_CLASSES: readonly HelloClass[] = ['tdlib', 'darwin', 'legacy']

/** The named group X25519MLKEM768 (IANA TLS Supported Groups). */
const X25519MLKEM768 = 0x11ec

const SAMPLES = 2
const SAMPLES_WHEN_THEY_DIFFER = 5
export const TIMEOUT_MILLISECONDS = 5000
const QUIET_NEAR_MILLISECONDS = 150
const QUIET_REMOTE_MILLISECONDS = 600
/** A flight that paused inside a record was not over: one more patient try. */
const PATIENCE = 4

export interface LearnDependencies {
  readonly exchange: (to: Endpoint, bytes: Uint8Array, options: ExchangeOptions) => Promise<Exchange>
  readonly random: (n: number) => Buffer
  /** Seconds, as `peerKeepAlive`. */
  readonly keepAlive?: (connection: QuietConnection) => number | undefined
}

type Sample =
  | { readonly kind: 'flight'; readonly flight: ServerFlight }
  | { readonly kind: 'no_mirror'; readonly reason: NoMirrorReason }
  | { readonly kind: 'unreachable' }

/**
 * Portico's own handshakes with a site, the classes side by side and the samples of a class one after the other. Takes as
 * long as a few silences of the front: half a second near, two seconds remote, more where nothing answers.
 * Never rejects; an absent front is `reachable: false`.
 */
export async function learnSite(site: Site, dependencies: LearnDependencies): Promise<SiteFacts> {
  let keepAlive: number | undefined
  const onQuiet = (connection: QuietConnection) => {
    keepAlive ??= dependencies.keepAlive?.(connection)
  }
  const learned = await Promise.all(
    HELLO_CLASSES.map(async (helloClass, index) => {
      const watch = index === 0 ? onQuiet : undefined
      return { helloClass, samples: await sampleClass(site, helloClass, watch, dependencies) }
    }),
  )
  // One of 0 is none.
  return { ...factsFrom(learned), ...(keepAlive && { keepAlive }) }
}

async function sampleClass(
  site: Site,
  helloClass: HelloClass,
  onQuiet: ExchangeOptions['onQuiet'],
  { exchange, random }: LearnDependencies,
): Promise<Sample[]> {
  const usualQuiet = usualSilence(site)
  const handshake = async (quiet: number): Promise<Sample> => {
    const hello = writeClientHello({ class: helloClass, domain: nameToAsk(site.domain) }, random)
    const options = { quiet, timeout: TIMEOUT_MILLISECONDS, limit: MAX_FLIGHT, ...(onQuiet && { onQuiet }) }
    return readSample(await exchange(site.endpoint, hello, options))
  }

  const samples: Sample[] = []
  let wanted = SAMPLES
  let quiet = usualQuiet
  while (samples.length < wanted) {
    const sample = await handshake(quiet)
    if (sample.kind === 'no_mirror' && sample.reason === 'half_record' && quiet === usualQuiet) {
      quiet *= PATIENCE
      wanted += 1
    }
    samples.push(sample)
    if (sample.kind === 'unreachable') break
    if (recordCounts(samples).length > 1) wanted = SAMPLES_WHEN_THEY_DIFFER
  }
  return samples
}

/** Milliseconds after which a front that near or far has said all it had to say. */
export function usualSilence({ endpoint }: Site): number {
  return isNear(endpoint) ? QUIET_NEAR_MILLISECONDS : QUIET_REMOTE_MILLISECONDS
}

function readSample({ received, end }: Exchange): Sample {
  if (received.length === 0) {
    return end === 'fin' || end === 'reset'
      ? { kind: 'no_mirror', reason: 'front_ended' }
      : { kind: 'unreachable' }
  }
  const soFar = readServerFlight(received, Number.POSITIVE_INFINITY)
  if (soFar.state === 'unmirrorable') return { kind: 'no_mirror', reason: soFar.code }
  if (soFar.state === 'incomplete' && soFar.atRecordBoundary && soFar.encryptedRecords > 0) {
    const whole = readServerFlight(received, soFar.encryptedRecords)
    if (whole.state === 'complete') return { kind: 'flight', flight: whole.flight }
  }
  return { kind: 'no_mirror', reason: 'half_record' }
}

interface LearnedClass {
  readonly helloClass: HelloClass
  readonly samples: readonly Sample[]
}

function factsFrom(learned: readonly LearnedClass[]): SiteFacts {
  const records: SiteFacts['records'] = {}
  const flightBytes: SiteFacts['flightBytes'] = {}
  const encryptedBytes: SiteFacts['encryptedBytes'] = {}
  const unmirrorable: SiteFacts['unmirrorable'] = {}
  const varying: HelloClass[] = []
  let helloRetry = false
  let mlkem = false
  for (const { helloClass, samples } of learned) {
    const flights = flightsOf(samples)
    const count = mostFrequent(flights.map((flight) => flight.encrypted.length))
    if (count === undefined) {
      const reason = samples.find((sample) => sample.kind === 'no_mirror')?.reason
      if (reason) unmirrorable[helloClass] = reason
      helloRetry ||= reason === 'hello_retry_request'
      continue
    }
    const usual = flights.filter((flight) => flight.encrypted.length === count)
    records[helloClass] = count
    flightBytes[helloClass] = mostFrequent(usual.map((flight) => flight.length)) ?? 0
    encryptedBytes[helloClass] = mostFrequent(usual.map(mergedPayload)) ?? 0
    if (recordCounts(samples).length > 1) varying.push(helloClass)
    if (helloClass === 'tdlib') mlkem = usual.some((flight) => flight.serverHello.group === X25519MLKEM768)
  }
  return {
    reachable: learned.some(({ samples }) => samples.some((sample) => sample.kind !== 'unreachable')),
    selfTarget: false,
    tls13: helloRetry || Object.keys(records).length > 0,
    mlkem,
    records,
    flightBytes,
    encryptedBytes,
    varying,
    unmirrorable,
  }
}

function flightsOf(samples: readonly Sample[]): ServerFlight[] {
  return samples.flatMap((sample) => (sample.kind === 'flight' ? [sample.flight] : []))
}

function recordCounts(samples: readonly Sample[]): number[] {
  return [...new Set(flightsOf(samples).map((flight) => flight.encrypted.length))]
}

function mergedPayload(flight: ServerFlight): number {
  const payload = flight.encrypted.reduce((sum, record) => sum + record.length, 0)
  return payload + 5 * (flight.encrypted.length - 1)
}

/** Of equally frequent values the larger: an ECDSA signature's length varies by a byte or two. */
function mostFrequent(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const ranked = [...counts].toSorted(([a, timesA], [b, timesB]) => timesB - timesA || b - a)
  return ranked[0]?.[0]
}
