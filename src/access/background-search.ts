import type { Match, Search } from './search.ts'
import type { VainSearches } from './vain-searches.ts'

/** Searches that wait; beyond it those of addresses that ask most are given up (their clients try again). */
const MAX_WAITING = 4096
/** The worker works a quarter of the time at most for those it does not know. */
const REST_FOR_EACH_MILLISECOND = 3
const SHORTEST_REST = 1
/** A client that was shown the site tries again sooner; a flood has to go round its other addresses first. */
const RETRY_MILLISECONDS = 5000
/** Addresses that have asked so often are not told apart any more. */
const LAST_RANK = 15

export interface BackgroundDependencies {
  readonly vain: VainSearches
  /** Milliseconds, monotonic and fine. */
  now(): number
  after(milliseconds: number, run: () => void): void
}

interface Waiting {
  readonly search: Search
  readonly block: string
  readonly found: (match: Match) => void
  readonly askedAt: number
  rank: number
}

/**
 * Finishes searches after their visitor was shown the site, so that the client's next try finds its user at once. A block's
 * first search comes before any block's second: one that floods us delays only itself, and somebody new comes before all
 * whom we have searched for in vain. Of equals the latest comes first, and a client's next try has the place of the one
 * before it: whoever has waited long has tried again since, or is gone.
 */
export class BackgroundSearch {
  readonly #dependencies: BackgroundDependencies
  /** By rank, the latest last. */
  readonly #ranks: Waiting[][] = Array.from({ length: LAST_RANK + 1 }, () => [])
  /** The latest of each block, as long as it waits. */
  readonly #latest = new Map<string, Waiting>()
  #waiting = 0
  #current: Waiting | undefined
  #running = false

  constructor(dependencies: BackgroundDependencies) {
    this.#dependencies = dependencies
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Whether the block has lately asked for somebody whom we have not found. */
  hasAskedInVain(block: string): boolean {
    return this.#dependencies.vain.of(block) > 0
  }

  /** @param block who asks: the smallest network that one provider's customer has. False: too many wait already. */
  finish(search: Search, block: string, found: (match: Match) => void): boolean {
    const { vain, now } = this.#dependencies
    const [before, askedAt] = [this.#latest.get(block), now()]
    const again = before && askedAt - before.askedAt < RETRY_MILLISECONDS ? before : undefined
    const rank = again?.rank ?? Math.min(vain.of(block), LAST_RANK)
    if (this.#waiting >= MAX_WAITING && !this.#giveUpFor(rank)) return false
    vain.add(block, 1)
    this.#waiting++
    if (again) this.#demote(again)
    const waiting = { search, block, found, askedAt, rank }
    this.#latest.set(block, waiting)
    this.#ranks[rank]!.push(waiting)
    if (!this.#running) this.#rest(SHORTEST_REST)
    return true
  }

  /** The new try comes first. */
  #demote(waiting: Waiting): void {
    const line = this.#ranks[waiting.rank]!
    line.splice(line.lastIndexOf(waiting), 1)
    waiting.rank = Math.min(waiting.rank + 1, LAST_RANK)
    this.#ranks[waiting.rank]!.push(waiting)
  }

  /** Whoever has waited longest of the last rank makes room for one of a better rank. */
  #giveUpFor(rank: number): boolean {
    for (let last = LAST_RANK; last > rank; last--) {
      const given = this.#ranks[last]!.shift()
      if (!given) continue
      this.#left(given)
      return true
    }
    return false
  }

  #left(waiting: Waiting): void {
    this.#waiting--
    if (this.#latest.get(waiting.block) === waiting) this.#latest.delete(waiting.block)
  }

  #rest(milliseconds: number): void {
    this.#running = true
    this.#dependencies.after(milliseconds, () => this.#work())
  }

  #work(): void {
    const { now, vain } = this.#dependencies
    const began = now()
    this.#current ??= this.#next()
    if (!this.#current) {
      this.#running = false
      return
    }
    const { search, block, found } = this.#current
    const result = search.step()
    if (result !== 'more') {
      this.#current = undefined
      if (result !== 'nobody') {
        vain.add(block, -1)
        found(result)
      }
    }
    this.#rest(Math.max(SHORTEST_REST, (now() - began) * REST_FOR_EACH_MILLISECOND))
  }

  #next(): Waiting | undefined {
    for (const line of this.#ranks) {
      const next = line.pop()
      if (!next) continue
      this.#left(next)
      // Another try or another worker may have found them meanwhile.
      next.search.askAgain()
      return next
    }
    return undefined
  }
}
