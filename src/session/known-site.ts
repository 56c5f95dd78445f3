import { FlightDraw } from '../front/flight-draw.ts'
import { isNear } from '../front/locality.ts'
import type { SiteProfile } from '../front/profile.ts'
import type { Site, SiteFacts } from '../front/site.ts'
import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { type HelloClass, helloClass } from '../protocol/tls/hello-writer.ts'
import type { RecordedFlight } from '../protocol/tls/recorded-flight.ts'

type KnownFacts = Pick<SiteFacts, 'records' | 'unmirrorable' | 'keepAlive'>

/** A site and what is known of its first flight; live answers correct what the start has learned. */
export class KnownSite {
  readonly site: Site
  /** Its place in the configuration. */
  readonly number: number
  /** It computes on this host's cores, or not far from them. */
  readonly near: boolean
  /** As `SiteFacts.keepAlive`. */
  readonly keepAlive: number | undefined
  readonly #records: Partial<Record<HelloClass, number>>
  readonly #unmirrorable: SiteFacts['unmirrorable'] | undefined
  #profile: SiteProfile | undefined
  #flights: FlightDraw | undefined

  constructor(site: Site, number: number, facts: KnownFacts | undefined) {
    this.site = site
    this.number = number
    this.near = isNear(site.endpoint)
    this.keepAlive = facts?.keepAlive
    this.#records = { ...facts?.records }
    this.#unmirrorable = facts?.unmirrorable
  }

  /** What it would answer if it were there; undefined while nothing was recorded. */
  get profile(): SiteProfile | undefined {
    return this.#profile
  }

  set profile(profile: SiteProfile | undefined) {
    if (profile !== this.#profile) this.#flights = undefined
    this.#profile = profile
  }

  /** One of the flights that it sent to hellos like this, as a whole; undefined where none is known. */
  drawFlight(hello: ClientHello, random: (n: number) => Buffer): RecordedFlight | undefined {
    this.#flights ??= this.#profile && new FlightDraw(this.#profile.flights)
    return this.#flights?.draw(hello, random)
  }

  get domain(): string {
    return this.site.domain
  }

  /** Encrypted records of its answer to a hello like this; Infinity while none was seen. */
  expectedRecords(hello: ClientHello): number {
    return this.#records[helloClass(hello)] ?? Number.POSITIVE_INFINITY
  }

  /**
   * Whether it answers a hello like this as it did when portico asked last.
   * @param code why its answer cannot be mirrored, if it cannot
   */
  isUsual(hello: ClientHello, code?: string): boolean {
    return this.#unmirrorable === undefined || this.#unmirrorable[helloClass(hello)] === code
  }

  /** True when the answer had another number of records than expected. */
  saw(hello: ClientHello, records: number): boolean {
    const kind = helloClass(hello)
    const before = this.#records[kind]
    this.#records[kind] = records
    return before !== undefined && before !== records
  }
}
