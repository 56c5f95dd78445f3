import type { HelloClass } from '../protocol/tls/hello-writer.ts'
import type { RecordedFlight } from '../protocol/tls/recorded-flight.ts'
import { HELLO_CLASSES } from './learn.ts'
import type { Manners } from './manners.ts'

/** First flights that a front has sent, by the class of the hello. */
export type Flights = Partial<Record<HelloClass, readonly RecordedFlight[]>>

/** All that is needed to answer in a front's place. */
export interface SiteProfile {
  readonly flights: Flights
  /** How it goes on when the client does not finish the handshake; absent while that was not measured. */
  readonly manners?: Manners | undefined
  /** Payload of its largest records, where they are not the usual full ones. */
  readonly fullRecord?: number | undefined
  /** Plaintext by which the first records of a connection grow, where they do. */
  readonly rampStep?: number | undefined
}

/**
 * Whole flights kept of each class, about 120 bytes each on disk. They differ by a signature's length alone, a byte or two, but
 * the shares of its lengths are what an answer is drawn by, and those of few flights are these flights' own.
 */
export const FLIGHTS_KEPT = 256
/** By so many bytes a record may differ from another of the same certificate: ECDSA signatures in DER, ALPN's answer. */
export const SAME_RECORD = 12
/** Of so many flights one is as large as they come: a signature on P-256 has its full length each fourth time. */
const SHOW_THE_LARGEST = 48

/** With the newest at the end; what the front shows no longer (another certificate, other software) is forgotten. */
export function renewFlights(before: Flights, fresh: Flights): Flights {
  const flights: Partial<Record<HelloClass, readonly RecordedFlight[]>> = {}
  for (const each of HELLO_CLASSES) {
    const [old = [], recent = []] = [before[each], fresh[each]]
    const still = recent.length === 0 ? old : old.filter((one) => recent.some((other) => isLike(one, other)))
    const kept = ofOneCertificate([...still, ...recent]).slice(-FLIGHTS_KEPT)
    if (kept.length > 0) flights[each] = kept
  }
  return flights
}

function isLike(one: RecordedFlight, other: RecordedFlight): boolean {
  return (
    one.cipherSuite === other.cipherSuite &&
    one.group === other.group &&
    one.extensions.map(([type]) => type).join() === other.extensions.map(([type]) => type).join() &&
    one.records.length === other.records.length &&
    one.records.every((size, at) => Math.abs(size - other.records[at]!) <= SAME_RECORD)
  )
}

/**
 * A renewed certificate may be so like the last that a size alone does not tell. But when many flights in a row never come
 * to the largest size of those before or behind them, the older ones are of another certificate.
 */
function ofOneCertificate(flights: readonly RecordedFlight[]): readonly RecordedFlight[] {
  const gone = new Set<RecordedFlight>()
  for (const same of Map.groupBy(flights, ({ alpn }) => alpn).values()) {
    const begins = largest(same).map((size, at) => beginOfCertificate(same, size, at))
    for (const each of same.slice(0, Math.max(...begins))) gone.add(each)
  }
  return gone.size === 0 ? flights : flights.filter((each) => !gone.has(each))
}

function beginOfCertificate(flights: readonly RecordedFlight[], size: number, at: number): number {
  const isLargest = ({ records }: RecordedFlight) => records[at] === size
  const last = flights.findLastIndex(isLargest)
  if (flights.length - 1 - last >= SHOW_THE_LARGEST) return last + 1
  const first = flights.findIndex(isLargest)
  return first >= SHOW_THE_LARGEST ? first : 0
}

/** Of each record. */
export function largest(flights: readonly RecordedFlight[]): number[] {
  const count = Math.max(...flights.map(({ records }) => records.length))
  return Array.from({ length: count }, (_, at) => Math.max(...flights.map(({ records }) => records[at] ?? 0)))
}
