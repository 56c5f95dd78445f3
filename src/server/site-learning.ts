import { setTimeout as sleep } from 'node:timers/promises'
import { type SiteWarning, siteWarnings } from '../front/checks.ts'
import { learnSite } from '../front/learn.ts'
import type { Site, SiteFacts } from '../front/site.ts'
import { exchange } from '../net/exchange.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import { ownRandomFor } from './own-random.ts'
import { pooledRandom } from './random-pool.ts'

/** A front that is still starting when portico does is asked again. */
const RETRY_MILLISECONDS = 10_000

export interface SiteLearningOptions {
  readonly sites: readonly Site[]
  readonly ownRandom: Uint8Array
  /** One word a site, set by the listener that meets our own hello. */
  readonly loops: Int32Array
}

export interface SiteLearningDependencies {
  readonly log: Log
  /** Something new is known of a site. */
  learned(facts: readonly (SiteFacts | undefined)[]): void
}

/** portico's own handshakes with its sites: how many encrypted records each sends, and what an operator should know. */
export class SiteLearning {
  readonly facts: (SiteFacts | undefined)[]
  readonly warnings: SiteWarning[] = []
  readonly #options: SiteLearningOptions
  readonly #dependencies: SiteLearningDependencies
  readonly #stop = new AbortController()

  constructor(options: SiteLearningOptions, dependencies: SiteLearningDependencies) {
    this.facts = options.sites.map(() => undefined)
    this.#options = options
    this.#dependencies = dependencies
  }

  /** Resolves when every site was asked once. Those that did not answer are asked again in the background. */
  async begin(): Promise<void> {
    await Promise.all(this.#options.sites.map((_, index) => this.#learn(index)))
  }

  stop(): void {
    this.#stop.abort()
  }

  async #learn(index: number): Promise<void> {
    const { sites, ownRandom, loops } = this.#options
    const site = sites[index]!
    const clientRandom = ownRandomFor(index, ownRandom)
    const seen = await learnSite(site, { exchange, random: pooledRandom(), clientRandom })
    const facts = { ...seen, selfTarget: Atomics.load(loops, index) !== 0 }
    if (this.#stop.signal.aborted) return
    const first = this.facts[index] === undefined
    this.facts[index] = facts
    if (first || facts.reachable) {
      this.warnings.push(...siteWarnings(site, facts))
      this.#dependencies.learned(this.facts)
    }
    if (!facts.reachable && !facts.selfTarget) void this.#learnLater(index)
  }

  async #learnLater(index: number): Promise<void> {
    const { log } = this.#dependencies
    try {
      await sleep(RETRY_MILLISECONDS, undefined, { signal: this.#stop.signal, ref: false })
    } catch {
      // Stopped meanwhile.
      return
    }
    const before = this.warnings.length
    await this.#learn(index)
    if (this.facts[index]?.reachable) {
      log.info('the front answers now', { domain: this.#options.sites[index]?.domain })
      for (const { code, message } of this.warnings.slice(before)) log.warn(message, { code })
    }
  }
}
