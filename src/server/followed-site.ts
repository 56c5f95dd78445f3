import { BARS_USERS, type SiteWarning, type SiteWarningCode, siteWarnings } from '../front/checks.ts'
import type { InterfaceMtu } from '../front/segments.ts'
import type { Site, SiteFacts } from '../front/site.ts'
import type { Log } from '../telemetry/log.ts'
import type { SiteNews } from './site-news.ts'

/** A front that is still starting when portico does is asked again. */
const RETRY_MILLISECONDS = 10_000
/** One that leads back shuts out everybody, and may be mended at any time: soon at first, then in twice the time. */
const FIRST_BACK_MILLISECONDS = 5000
const LONGEST_BACK_MILLISECONDS = 60_000
/** Somebody who sends a hello twice makes us ask the front no more often than this. */
const SUSPICION_MILLISECONDS = 10_000

export interface FollowedSiteDependencies {
  readonly log: Log
  /** Portico's own handshakes with it. Never rejects. */
  learn(signal: AbortSignal): Promise<SiteFacts>
  /** Milliseconds. Rejects when it is aborted. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>
  /** Milliseconds, monotonic. */
  now(): number
  interfaces(): readonly InterfaceMtu[]
  /** Workers should know of other facts. */
  learned(): void
  say(news: SiteNews): void
}

/** What is known of one site, from one look at it to the next, and what an operator was told of it. */
export class FollowedSite {
  readonly site: Site
  readonly #dependencies: FollowedSiteDependencies
  readonly #stop = new AbortController()
  #facts: SiteFacts | undefined
  #warnings: readonly SiteWarning[] = []
  /** What was said and need not be said again: what holds, and of a front that is away also what held before. */
  #said: ReadonlySet<SiteWarningCode> = new Set()
  #asking: Promise<void> = Promise.resolve()
  #lookedAt = Number.NEGATIVE_INFINITY
  #isSuspected = false
  #waits = false
  #isIntroduced = false
  /** Looks in a row that found it leading back. */
  #back = 0

  constructor(site: Site, dependencies: FollowedSiteDependencies) {
    this.site = site
    this.#dependencies = dependencies
  }

  /** Of one that is away: what it was known for, and that it is away. */
  get facts(): SiteFacts | undefined {
    return this.#facts
  }

  /** What is wrong with it now. */
  get warnings(): readonly SiteWarning[] {
    return this.#warnings
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Looks at it once; where it cannot be used, again and again in the background. Looks never overlap. */
  ask(): Promise<void> {
    this.#asking = this.#asking.then(() => this.#ask())
    return this.#asking
  }

  /**
   * There is reason to think that it leads back to us by now, or answers otherwise than it did: it is looked at once more.
   * What is said soon after such a look waits until its rest is over.
   */
  suspect(): void {
    if (this.#isSuspected || this.#facts?.selfTarget === true) return
    this.#isSuspected = true
    void this.#look()
  }

  async #look(): Promise<void> {
    const { now } = this.#dependencies
    const rest = this.#lookedAt + SUSPICION_MILLISECONDS - now()
    if (rest > 0 && !(await this.#rested(rest))) return
    this.#lookedAt = now()
    this.#isSuspected = false
    await this.ask()
  }

  async #ask(): Promise<void> {
    if (this.#stop.signal.aborted) return
    const seen = await this.#dependencies.learn(this.#stop.signal)
    if (this.#stop.signal.aborted) return
    this.#take(seen)
    if (!isUsable(seen)) void this.#askLater()
  }

  async #askLater(): Promise<void> {
    if (this.#waits) return
    this.#waits = true
    const pause = this.#back > 0 ? FIRST_BACK_MILLISECONDS * 2 ** (this.#back - 1) : RETRY_MILLISECONDS
    if (!(await this.#rested(Math.min(pause, LONGEST_BACK_MILLISECONDS)))) return
    this.#waits = false
    await this.ask()
  }

  /** False: stopped meanwhile. */
  async #rested(milliseconds: number): Promise<boolean> {
    try {
      await this.#dependencies.wait(milliseconds, this.#stop.signal)
      return true
    } catch {
      return false
    }
  }

  #take(seen: SiteFacts): void {
    const { log, learned, say, interfaces } = this.#dependencies
    const { reachable, selfTarget } = seen
    const before = this.#facts
    const said = this.#said
    const isNew = isUsable(seen) || before === undefined
    this.#facts = isNew ? seen : { ...before, reachable, selfTarget }
    this.#warnings = siteWarnings(this.site, seen, interfaces())
    const codes = new Set(this.#warnings.map(({ code }) => code))
    // When it comes back it will be what it was, and that is no news.
    this.#said = isUsable(seen) ? codes : new Set([...said, ...codes])
    this.#back = selfTarget ? this.#back + 1 : 0
    if (this.#back === 1) {
      const { domain } = this.site
      log.error('a front leads back to portico itself; nobody is let in there until it answers', { domain })
    }
    if (isUsable(seen)) this.#sayWhatIsBetter(said, codes)
    if (isUsable(seen) && !this.#isIntroduced) {
      this.#isIntroduced = true
      say({ type: 'learned', site: this.site, facts: seen })
    }
    for (const warning of this.#warnings) if (!said.has(warning.code)) say({ type: 'warning', warning })
    if (isNew) learned()
  }

  #sayWhatIsBetter(before: ReadonlySet<SiteWarningCode>, now: ReadonlySet<SiteWarningCode>): void {
    const { log } = this.#dependencies
    const { domain } = this.site
    if (before.has('front_unreachable') || before.has('front_is_portico')) {
      log.info('the front answers now', { domain })
    }
    if (barsUsers(before) && !barsUsers(now)) {
      log.info('the front’s own answers fit users again', { domain })
    }
  }
}

/** Somebody answers there, and it is not portico. */
function isUsable({ reachable, selfTarget }: SiteFacts): boolean {
  return reachable && !selfTarget
}

function barsUsers(codes: ReadonlySet<SiteWarningCode>): boolean {
  return [...codes].some((code) => BARS_USERS.has(code))
}
