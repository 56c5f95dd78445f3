import { setTimeout as sleep } from 'node:timers/promises'
import type { AfterFlightDependencies } from '../front/after-flight.ts'
import { coarseClock } from '../front/coarse-clock.ts'
import { fullRecord } from '../front/full-record.ts'
import { HELLO_CLASSES } from '../front/learn.ts'
import { learnManners } from '../front/learn-manners.ts'
import { type EndedSilence, type Manners, withSilence } from '../front/manners.ts'
import { type Flights, renewFlights, type SiteProfile } from '../front/profile.ts'
import { recordFlights } from '../front/record-flights.ts'
import { rampStep } from '../front/record-ramp.ts'
import { isOfThisHost, type Site, type SiteFacts } from '../front/site.ts'
import { nameToAsk } from '../front/sites.ts'
import { watchSilence } from '../front/watch-silence.ts'
import { converse, type Turn } from '../net/converse.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { httpsRecords } from '../net/https-records.ts'
import { type OpenStream, straightStream } from '../net/open-stream.ts'
import { writeLocalHeader } from '../protocol/proxy-header/write-proxy-header.ts'
import type { Log } from '../telemetry/log.ts'
import { ProfileFiles } from './profile-files.ts'
import { pooledRandom } from './random-pool.ts'
import { RecordingPace } from './recording-pace.ts'
import type { PlacedSite } from './site-book.ts'
import { exchangeWith } from './site-learning.ts'
import { profileFolder } from './state-files.ts'

/** Flights of each class that are recorded in one round. */
const PER_ROUND = 2
/** At first some more: clients of one class differ in their ALPN, and the front's flight with it. */
const PER_FIRST_ROUND = 6
/** Milliseconds before the first round, for a start has other things to do; and between two while there is no front. */
const FIRST_ROUND = 2000
const WHILE_DOWN = 10_000
/** While it answers in a way that cannot be recorded: as one may still be at its configuration, and not to fill its log. */
const WHILE_UNFIT = 60_000
/** After so long the manners are measured again, milliseconds. */
const BETWEEN_MANNERS = 12 * 3600 * 1000
/** Some fronts have one coarse clock for all connections (Bun: four seconds): the same silence is watched at several moments, over more than a tick. */
const WATCHES = 6
const WATCH_STEP = 1300
/** The site's page, for the sizes of its records. */
const PAGE_TIMEOUT = 5000
const MOST_RECORDS = 40

/** What was recorded of the sites, by place. */
export type PlacedProfiles = readonly (SiteProfile | undefined)[]

export interface ProfileKeepingDependencies {
  readonly log: Log
  /** The way to fronts that are not of this host. */
  readonly open: OpenStream
  /** What portico's first handshakes with a site have shown; undefined before them. */
  facts(place: number): SiteFacts | undefined
  /** Another flight is known of some site. */
  changed(profiles: PlacedProfiles): void
  /** What came is not what the facts say. */
  otherwise(place: number): void
}

interface Followed {
  readonly site: Site
  readonly stop: AbortController
}

/**
 * Records whole first flights of the sites, and how these treat a client that goes no further, with hellos like the clients':
 * some at the start, then now and then, at no fixed hour. Kept on disk, so that a front may be down when portico starts.
 */
export class ProfileKeeping {
  readonly profiles: (SiteProfile | undefined)[] = []
  readonly #files: ProfileFiles
  readonly #dependencies: ProfileKeepingDependencies
  readonly #followed = new Map<number, Followed>()
  #failing = false
  /** One after the other: the watches of a silence end together. */
  #written: Promise<void> = Promise.resolve()

  constructor(stateDir: string, dependencies: ProfileKeepingDependencies) {
    this.#files = new ProfileFiles(profileFolder(stateDir))
    this.#dependencies = dependencies
    void this.#files.tidy(Date.now())
  }

  /** From now on these sites and no others. Resolves when what the disk knows of them has been read. */
  async follow(sites: readonly PlacedSite[]): Promise<void> {
    const wanted = new Map(sites.map(({ place, site }) => [place, site]))
    for (const [place, { site, stop }] of this.#followed) {
      if (wanted.get(place) === site) continue
      stop.abort()
      this.#followed.delete(place)
      this.profiles[place] = undefined
    }
    const fresh = [...wanted].filter(([place]) => !this.#followed.has(place))
    await Promise.all(fresh.map(([place, site]) => this.#begin(place, site)))
    this.#dependencies.changed([...this.profiles])
  }

  stop(): void {
    for (const { stop } of this.#followed.values()) stop.abort()
  }

  async #begin(place: number, site: Site): Promise<void> {
    const followed = { site, stop: new AbortController() }
    this.#followed.set(place, followed)
    try {
      this.profiles[place] ??= await this.#files.read(site)
    } catch (error) {
      this.#dependencies.log.warn('what was recorded of a front cannot be read', {
        domain: site.domain,
        error,
      })
    }
    void this.#keep(place, followed)
  }

  async #keep(place: number, { site, stop: { signal } }: Followed): Promise<void> {
    const random = pooledRandom()
    const pace = new RecordingPace()
    let wait = around(FIRST_ROUND)
    let isFirst = true
    let untilManners = 0
    while (!signal.aborted) {
      // Aborted while it sleeps: the loop's own condition ends it.
      await sleep(wait, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted) return
      wait = around(WHILE_DOWN)
      if (!this.#mayAsk(place)) {
        if (isFirst && this.#dependencies.facts(place) === undefined) wait = 100
        continue
      }
      const fresh = await recordFlights(
        site,
        isFirst ? PER_FIRST_ROUND : PER_ROUND,
        { exchange: exchangeWith(site, this.#dependencies.open), random },
        signal,
      )
      if (signal.aborted) return
      if (!fits(fresh, this.#dependencies.facts(place))) this.#dependencies.otherwise(place)
      if (Object.keys(fresh).length === 0) {
        wait = around(WHILE_UNFIT)
        continue
      }
      isFirst = false
      const before = this.profiles[place]
      const flights = renewFlights(before?.flights ?? {}, fresh)
      this.#learned(place, site, { ...before, flights })
      if (before?.manners === undefined || untilManners <= 0) {
        untilManners = BETWEEN_MANNERS
        await this.#measure(place, site, {
          converse: converseWith(site, this.#dependencies.open),
          random,
          signal,
          now: () => performance.now(),
        })
      }
      wait = around(pace.next(flights))
      untilManners -= wait
    }
  }

  /** A front that leads back to us would be asked for ever, and one that is down is asked by others. */
  #mayAsk(place: number): boolean {
    const facts = this.#dependencies.facts(place)
    return facts?.reachable === true && !facts.selfTarget
  }

  async #measure(place: number, site: Site, dependencies: AfterFlightDependencies): Promise<void> {
    const manners = await learnManners(site, dependencies)
    const before = this.profiles[place]
    if (!manners || !before || dependencies.signal.aborted) return
    const { silences, endures, silence, clock } = before.manners ?? manners
    const question = {
      serverName: nameToAsk(site.domain),
      preamble: preamble(site),
      timeout: PAGE_TIMEOUT,
      most: MOST_RECORDS,
    }
    const sizes = await httpsRecords(site.endpoint, question, wayTo(site, this.#dependencies.open))
    this.#learned(place, site, {
      ...before,
      manners: { ...manners, silences, endures, silence, clock },
      fullRecord: fullRecord(sizes),
      rampStep: rampStep(sizes),
    })
    if (before.manners === undefined) {
      this.#dependencies.log.info('this front can be answered for when it is not there', {
        domain: site.domain,
      })
    }
    void this.#watchAll(place, site, dependencies)
  }

  /** It takes minutes; the flights are recorded meanwhile. */
  async #watchAll(place: number, site: Site, dependencies: AfterFlightDependencies): Promise<void> {
    const watches = Array.from({ length: WATCHES }, (_, at) => this.#watch(place, site, at, dependencies))
    const seen = (await Promise.all(watches)).filter((each) => each !== undefined)
    // What was seen of a front that went away meanwhile says nothing of its clock.
    if (seen.length < WATCHES) return
    this.#learnedManners(place, site, (manners) => ({ ...manners, clock: coarseClock(seen) }))
  }

  async #watch(
    place: number,
    site: Site,
    at: number,
    dependencies: AfterFlightDependencies,
  ): Promise<EndedSilence | undefined> {
    const { signal } = dependencies
    await sleep(at * WATCH_STEP, undefined, { signal, ref: false }).catch(() => {})
    if (signal.aborted) return undefined
    const seen = await watchSilence(site, dependencies)
    if (!seen || signal.aborted) return undefined
    this.#learnedManners(place, site, (manners) =>
      seen === 'endures' ? { ...manners, silences: [], endures: true } : withSilence(manners, seen),
    )
    return seen === 'endures' ? undefined : seen
  }

  #learnedManners(place: number, site: Site, change: (before: Manners) => Manners): void {
    const before = this.profiles[place]
    if (before?.manners) this.#learned(place, site, { ...before, manners: change(before.manners) })
  }

  #learned(place: number, site: Site, profile: SiteProfile): void {
    this.profiles[place] = profile
    this.#dependencies.changed([...this.profiles])
    this.#written = this.#written.then(() => this.#write(site, profile))
  }

  async #write(site: Site, profile: SiteProfile): Promise<void> {
    try {
      await this.#files.write(site, profile)
      this.#failing = false
    } catch (error) {
      if (!this.#failing) {
        this.#dependencies.log.warn('what was recorded of a front cannot be written', {
          domain: site.domain,
          error,
        })
      }
      this.#failing = true
    }
  }
}

/** Whether some class of hello is answered as portico's first handshakes say. */
function fits(fresh: Flights, facts: SiteFacts | undefined): boolean {
  const mirrorable = HELLO_CLASSES.filter((each) => facts?.records[each] !== undefined)
  if (mirrorable.length === 0) return Object.keys(fresh).length === 0
  return mirrorable.some((each) => fresh[each] !== undefined)
}

/** Half of it up to one and a half: a clockwork would show in the front's log, and to whoever watches its port. */
function around(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random())
}

/** As `exchangeWith`. */
function wayTo(site: Site, open: OpenStream): OpenStream {
  return isOfThisHost(site) ? straightStream() : open
}

function preamble({ proxyProtocol = 'off' }: Site): Buffer {
  return proxyProtocol === 'off' ? Buffer.alloc(0) : writeLocalHeader(proxyProtocol)
}

function converseWith(site: Site, open: OpenStream): AfterFlightDependencies['converse'] {
  const header = preamble(site)
  const way = wayTo(site, open)
  return (to: Endpoint, [first, ...turns]: readonly Turn[], signal) => {
    const began = first && { ...first, bytes: Buffer.concat([header, first.bytes]) }
    return converse(to, began ? [began, ...turns] : [], signal, way)
  }
}
