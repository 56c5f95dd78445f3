import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { type HelloClass, helloClass } from '../protocol/tls/hello-writer.ts'
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

/** Whole flights kept of each class: enough for the spread of a signature's length, a byte or two. */
export const FLIGHTS_KEPT = 64
/** By so many bytes a record may differ from another of the same certificate: ECDSA signatures in DER, ALPN's answer. */
const SAME_RECORD = 12

/** With the newest at the end; what the front shows no longer (another certificate, other software) is forgotten. */
export function renewFlights(before: Flights, fresh: Flights): Flights {
  const flights: Partial<Record<HelloClass, readonly RecordedFlight[]>> = {}
  for (const each of HELLO_CLASSES) {
    const [old = [], recent = []] = [before[each], fresh[each]]
    const still = recent.length === 0 ? old : old.filter((one) => recent.some((other) => isLike(one, other)))
    const kept = [...still, ...recent].slice(-FLIGHTS_KEPT)
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

/** One of the flights that the front sent to hellos like this, as a whole; undefined where none is known. */
export function drawFlight(
  { flights }: SiteProfile,
  hello: ClientHello,
  random: (n: number) => Buffer,
): RecordedFlight | undefined {
  const known = flights[helloClass(hello)] ?? []
  const offer = hello.alpn.join()
  const same = known.filter(({ alpn }) => alpn === offer)
  const choices = same.length > 0 ? same : known
  return choices[random(4).readUInt32LE(0) % Math.max(1, choices.length)]
}
