import { setTimeout as sleep } from 'node:timers/promises'
import { BARS_USERS, type SiteWarning, siteWarnings } from '../front/checks.ts'
import { type LearnDependencies, learnSite } from '../front/learn.ts'
import { isOfThisHost, type Site, type SiteFacts } from '../front/site.ts'
import { exchange } from '../net/exchange.ts'
import { interfaceMtus } from '../net/interface-mtus.ts'
import { type OpenStream, straightStream } from '../net/open-stream.ts'
import { peerKeepAlive } from '../net/peer-keep-alive.ts'
import { writeLocalHeader } from '../protocol/proxy-header/write-proxy-header.ts'
import type { Log } from '../telemetry/log.ts'
import { ownRandomFor } from './own-random.ts'
import { pooledRandom } from './random-pool.ts'
import type { PlacedSite } from './site-book.ts'

/** A front that is still starting when portico does is asked again. */
const RETRY_MILLISECONDS = 10_000
/** Somebody who sends a hello twice makes us ask the front no more often than this. */
const SUSPICION_MILLISECONDS = 10_000

/** What is known of the sites, by place. */
export type PlacedFacts = readonly (SiteFacts | undefined)[]

export interface SiteLearningOptions {
  readonly ownRandom: Uint8Array
  /** One word a site, set by the listener that meets our own hello. */
  readonly loops: Int32Array
}

export interface SiteLearningDependencies {
  readonly log: Log
  /** The way to fronts that are not of this host. */
  readonly open: OpenStream
  /** Something new is known of a site. */
  learned(facts: PlacedFacts): void
}

interface Followed {
  readonly site: Site
  readonly stop: AbortController
  warnings: readonly SiteWarning[]
  /** Milliseconds, monotonic: when a suspicion was last looked into. */
  lookedAt: number
  suspected?: boolean
  /** It will be asked again. */
  waits?: boolean
  /** It has answered, and does not now. */
  gone?: boolean
}

/** portico's own handshakes with its sites: how many encrypted records each sends, and what an operator should know. */
export class SiteLearning {
  readonly facts: (SiteFacts | undefined)[] = []
  readonly #options: SiteLearningOptions
  readonly #dependencies: SiteLearningDependencies
  readonly #followed = new Map<number, Followed>()

  constructor(options: SiteLearningOptions, dependencies: SiteLearningDependencies) {
    this.#options = options
    this.#dependencies = dependencies
  }

  get warnings(): readonly SiteWarning[] {
    return [...this.#followed.values()].flatMap(({ warnings }) => warnings)
  }

  /**
   * From now on these sites and no others. Resolves when each that is new was asked once; those that did not answer are asked
   * again in the background.
   */
  async follow(sites: readonly PlacedSite[]): Promise<void> {
    const wanted = new Map(sites.map(({ place, site }) => [place, site]))
    for (const [place, { site, stop }] of this.#followed) {
      if (wanted.get(place) === site) continue
      stop.abort()
      this.#followed.delete(place)
      this.facts[place] = undefined
      Atomics.store(this.#options.loops, place, 0)
    }
    const fresh = [...wanted].filter(([place]) => !this.#followed.has(place))
    for (const [place, site] of fresh) {
      this.#followed.set(place, {
        site,
        stop: new AbortController(),
        warnings: [],
        lookedAt: Number.NEGATIVE_INFINITY,
      })
    }
    const lost = [...this.#followed].filter(([place]) => this.facts[place]?.selfTarget === true)
    const asked = new Map([...lost, ...fresh.map(([place]) => [place, this.#followed.get(place)!] as const)])
    await Promise.all([...asked].map(([place, followed]) => this.#learn(place, followed)))
  }

  /**
   * There is reason to think that a site leads back to us by now, or answers otherwise than it did: the check of the start is
   * made again. What is said soon after such a check is looked into when its rest is over.
   */
  suspect(place: number): void {
    const followed = this.#followed.get(place)
    if (!followed || followed.suspected || Atomics.load(this.#options.loops, place) !== 0) return
    followed.suspected = true
    void this.#look(place, followed)
  }

  async #look(place: number, followed: Followed): Promise<void> {
    const rest = followed.lookedAt + SUSPICION_MILLISECONDS - performance.now()
    try {
      if (rest > 0) await sleep(rest, undefined, { signal: followed.stop.signal, ref: false })
    } catch {
      // Stopped meanwhile.
      return
    }
    followed.lookedAt = performance.now()
    followed.suspected = false
    const before = new Set(followed.warnings.map(({ code }) => code))
    await this.#learn(place, followed)
    if (!followed.stop.signal.aborted && this.facts[place]?.selfTarget !== true) {
      this.#sayWhatChanged(before, followed)
    }
  }

  #sayWhatChanged(before: ReadonlySet<SiteWarning['code']>, { site, warnings }: Followed): void {
    const { log } = this.#dependencies
    this.#say(warnings.filter(({ code }) => !before.has(code)))
    const isBarred = warnings.some(({ code }) => BARS_USERS.has(code))
    if (!isBarred && [...before].some((code) => BARS_USERS.has(code))) {
      log.info('the front’s own answers fit users again', { domain: site.domain })
    }
  }

  #say(warnings: readonly SiteWarning[]): void {
    for (const { code, message } of warnings) this.#dependencies.log.warn(message, { code })
  }

  stop(): void {
    for (const { stop } of this.#followed.values()) stop.abort()
  }

  async #learn(place: number, followed: Followed): Promise<void> {
    const { ownRandom, loops } = this.#options
    const { site, stop } = followed
    const clientRandom = ownRandomFor(place, ownRandom)
    const seen = await learnSite(site, {
      exchange: exchangeWith(site, this.#dependencies.open),
      random: pooledRandom(),
      clientRandom,
      keepAlive: peerKeepAlive,
    })
    if (stop.signal.aborted) return
    // Where it leads back nobody answers with a flight: portico's own listeners refuse.
    if (seen.tls13) Atomics.store(loops, place, 0)
    const facts = { ...seen, selfTarget: Atomics.load(loops, place) !== 0 }
    const first = this.facts[place] === undefined
    this.facts[place] = facts
    const warnings = siteWarnings(site, facts, interfaceMtus())
    if (first || facts.reachable) {
      followed.warnings = warnings
      followed.gone = false
      this.#dependencies.learned(this.facts)
    } else if (!followed.gone) {
      followed.gone = true
      this.#say(warnings.filter(({ code }) => code === 'front_unreachable'))
    }
    if ((!facts.reachable || facts.selfTarget) && !followed.waits) void this.#learnLater(place, followed)
  }

  async #learnLater(place: number, followed: Followed): Promise<void> {
    const { log } = this.#dependencies
    followed.waits = true
    try {
      await sleep(RETRY_MILLISECONDS, undefined, { signal: followed.stop.signal, ref: false })
    } catch {
      // Stopped meanwhile.
      return
    }
    followed.waits = false
    await this.#learn(place, followed)
    const facts = this.facts[place]
    if (followed.stop.signal.aborted || facts?.reachable !== true || facts.selfTarget) return
    log.info('the front answers now', { domain: followed.site.domain })
    this.#say(followed.warnings)
  }
}

/** A front that wants a PROXY header is told that this connection is our own. @param open the way to fronts elsewhere */
export function exchangeWith(site: Site, open: OpenStream): LearnDependencies['exchange'] {
  const { proxyProtocol = 'off' } = site
  const header = proxyProtocol === 'off' ? Buffer.alloc(0) : writeLocalHeader(proxyProtocol)
  const way = isOfThisHost(site) ? straightStream() : open
  return (to, bytes, options) => exchange(to, Buffer.concat([header, bytes]), options, way)
}
