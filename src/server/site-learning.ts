import { setTimeout as sleep } from 'node:timers/promises'
import type { SiteWarning } from '../front/checks.ts'
import { type LearnDependencies, learnSite } from '../front/learn.ts'
import { isOfThisHost, type Site, type SiteFacts } from '../front/site.ts'
import { whereItLeads } from '../front/where-it-leads.ts'
import { exchange } from '../net/exchange.ts'
import { interfaceMtus } from '../net/interface-mtus.ts'
import { type OpenStream, straightStream } from '../net/open-stream.ts'
import { peerKeepAlive } from '../net/peer-keep-alive.ts'
import { writeLocalHeader } from '../protocol/proxy-header/write-proxy-header.ts'
import type { Log } from '../telemetry/log.ts'
import { FollowedSite } from './followed-site.ts'
import type { OwnHellos } from './own-hellos.ts'
import { pooledRandom } from './random-pool.ts'
import type { PlacedSite } from './site-book.ts'
import type { SiteNews } from './site-news.ts'

/** What is known of the sites, by place. */
export type PlacedFacts = readonly (SiteFacts | undefined)[]

export interface SiteLearningOptions {
  readonly ownHellos: OwnHellos
  /** One word a site, 1 while it leads back to us: workers let nobody in there. */
  readonly loops: Int32Array
}

export interface SiteLearningDependencies {
  readonly log: Log
  /** The way to fronts that are not of this host. */
  readonly open: OpenStream
  /** Something new is known of a site. */
  learned(facts: PlacedFacts): void
  say(news: SiteNews): void
}

/** portico's own handshakes with its sites: how many encrypted records each sends, and what an operator should know. */
export class SiteLearning {
  readonly #options: SiteLearningOptions
  readonly #dependencies: SiteLearningDependencies
  readonly #followed = new Map<number, FollowedSite>()

  constructor(options: SiteLearningOptions, dependencies: SiteLearningDependencies) {
    this.#options = options
    this.#dependencies = dependencies
  }

  get facts(): PlacedFacts {
    const facts: (SiteFacts | undefined)[] = []
    for (const [place, followed] of this.#followed) facts[place] = followed.facts
    return facts
  }

  /** What is wrong with the sites now, in the words of their warnings. */
  get troubles(): string[] {
    return [...this.#followed.values()].flatMap(({ warnings }) => warnings.map(({ message }) => message))
  }

  /**
   * From now on these sites and no others. Resolves when each that is new was asked once; those that did not answer are asked
   * again in the background.
   */
  async follow(sites: readonly PlacedSite[]): Promise<void> {
    const wanted = new Map(sites.map(({ place, site }) => [place, site]))
    for (const [place, followed] of this.#followed) {
      if (wanted.get(place) === followed.site) continue
      followed.stop()
      this.#followed.delete(place)
      Atomics.store(this.#options.loops, place, 0)
    }
    const lost = [...this.#followed.values()].filter(({ facts }) => facts?.selfTarget === true)
    const fresh = sites.filter(({ place }) => !this.#followed.has(place)).map((each) => this.#begin(each))
    await Promise.all([...lost, ...fresh].map((followed) => followed.ask()))
  }

  /** There is reason to think that a site leads back to us by now, or answers otherwise than it did. */
  suspect(place: number): void {
    this.#followed.get(place)?.suspect()
  }

  stop(): void {
    for (const followed of this.#followed.values()) followed.stop()
  }

  #begin({ place, site }: PlacedSite): FollowedSite {
    const { log, learned } = this.#dependencies
    const followed: FollowedSite = new FollowedSite(site, {
      log,
      learn: (signal) => this.#learn(place, site, signal),
      wait: (milliseconds, signal) => sleep(milliseconds, undefined, { signal, ref: false }),
      now: () => performance.now(),
      interfaces: interfaceMtus,
      learned: () => learned(this.facts),
      say: (news) => this.#say(news, followed),
    })
    this.#followed.set(place, followed)
    return followed
  }

  /** A site that another key of its own makes a new one is what it was: that was said of it at its other place. */
  #say(news: SiteNews, by: FollowedSite): void {
    const isTheSame = ({ message }: SiteWarning) =>
      news.type === 'warning' && news.warning.message === message
    const isSaid = [...this.#followed.values()].some((each) => each !== by && each.warnings.some(isTheSame))
    if (!isSaid) this.#dependencies.say(news)
  }

  async #learn(place: number, site: Site, signal: AbortSignal): Promise<SiteFacts> {
    const dependencies = { exchange: exchangeWith(site, this.#dependencies.open), random: pooledRandom() }
    if (await this.#leadsBack(place, site, { ...dependencies, signal })) return LEADS_BACK
    return learnSite(site, { ...dependencies, keepAlive: peerKeepAlive })
  }

  /** Before all other hellos: who would know them if they came back? */
  async #leadsBack(place: number, site: Site, { signal, ...dependencies }: Asking): Promise<boolean> {
    if (site.builtIn) return false
    const { ownHellos, loops } = this.#options
    const lead = await whereItLeads(site, {
      ...dependencies,
      mark: (clientRandom) => {
        const check = ownHellos.begin(place, clientRandom)
        return { end: () => ownHellos.end(place, check) }
      },
    })
    // Where it led back workers reset everybody, our hello too: that is over when somebody answers.
    const isBack = lead === 'back' || (lead === 'silent' && Atomics.load(loops, place) !== 0)
    if (!signal.aborted) Atomics.store(loops, place, isBack ? 1 : 0)
    return isBack
  }
}

interface Asking extends Pick<LearnDependencies, 'exchange' | 'random'> {
  readonly signal: AbortSignal
}

/** Nothing of it is the site's. */
const LEADS_BACK: SiteFacts = {
  reachable: false,
  selfTarget: true,
  tls13: false,
  mlkem: false,
  records: {},
  flightBytes: {},
  encryptedBytes: {},
  varying: [],
  unmirrorable: {},
}

/** A front that wants a PROXY header is told that this connection is our own. @param open the way to fronts elsewhere */
export function exchangeWith(site: Site, open: OpenStream): LearnDependencies['exchange'] {
  const { proxyProtocol = 'off' } = site
  const header = proxyProtocol === 'off' ? Buffer.alloc(0) : writeLocalHeader(proxyProtocol)
  const way = isOfThisHost(site) ? straightStream() : open
  return (to, bytes, options) => exchange(to, Buffer.concat([header, bytes]), options, way)
}
