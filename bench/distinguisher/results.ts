import type { Classified } from './classifiers/cross-validation.ts'
import type { AddedTime } from './collect/added-time.ts'
import type { ClientClass } from './collect/client-class.ts'
import type { Answers, FrontName } from './collect/subject.ts'
import type { DefectResult } from './defects/seeded-defects.ts'
import type { Difference } from './layers/exact.ts'
import type { ProbeResult } from './layers/probes.ts'
import type { TwoSample } from './layers/two-sample.ts'

/** The front against itself, and portico against the front. */
export interface Both<T> {
  readonly nothing: T
  readonly portico: T
}

/** The first flight for hellos of one class. */
export interface ClassResult {
  readonly clientClass: ClientClass
  readonly flights: number
  readonly encryptedRecords: number
  /** How many facts were compared as sets. */
  readonly facts: number
  readonly exact?: Both<readonly Difference[]>
  readonly twoSample?: Both<TwoSample>
  readonly firstFlight?: Both<Classified>
  /** By the time from hello to flight alone. */
  readonly timing?: Both<Classified>
  readonly jittered?: Both<Classified>
  /** Milliseconds at the tap from the hello's last byte to the flight's: front, front again, portico. */
  readonly times: readonly [front: readonly number[], again: readonly number[], portico: readonly number[]]
  /** ML-KEM likelihoods of both, where the front offers it. */
  readonly likelihoods: Both<readonly number[]>
}

/** Whole sessions: visitors of the front against users of portico; the null is visitors against visitors. */
export interface FlowResult {
  readonly flows: number
  readonly serverDirection: Both<Classified>
  readonly afterTheFlight: Both<Classified>
  readonly wholeFlow: Both<Classified>
  /** Visitors against the same visitors, the records that came first after their second flight taken out. */
  readonly withoutTickets: Classified
  readonly largest: Both<number>
  /** Of the client's first application record behind its hello: the commonest. */
  readonly secondFlights: Both<readonly string[]>
  readonly firstAnswers: Both<readonly string[]>
}

export interface FrontResult {
  readonly front: FrontName
  readonly classes: readonly ClassResult[]
  readonly keepAlive?: readonly Difference[]
  /** Of a portico whose front was gone. */
  readonly answers?: Answers
  readonly flows?: FlowResult
  readonly probes?: ProbeResult
  readonly addedTime?: readonly AddedTime[]
}

export interface Run {
  readonly command: string
  readonly machine: string
  readonly seed: number
  readonly minutes: number
  readonly fronts: readonly FrontResult[]
  readonly defects?: { readonly front: FrontName; readonly rows: readonly DefectResult[] }
}
