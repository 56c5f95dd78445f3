import type { Match, Search } from './search.ts'
import type { VainSearches } from './vain-searches.ts'

/**
 * Searches that wait; beyond it those of addresses that ask most are given up (their clients try again). Each keeps its hello
 * six times over, 10 to 25 KB; among ten thousand users so many take minutes.
 */
const MAX_WAITING = 1024
/** The worker works a quarter of the time at most for those it does not know. */
const REST_FOR_EACH_MILLISECOND = 3
const SHORTEST_REST = 1
/** Addresses that have asked so often are not told apart any more. */
const LAST_RANK = 15

export interface BackgroundDependencies {
  readonly vain: VainSearches
  /** Milliseconds, monotonic and fine. */
  now(): number
  after(milliseconds: number, run: () => void): void
}

interface Asked {
  readonly search: Search
  readonly block: string
  readonly found: (match: Match) => void
}

/** A place in the line. */
interface Waiting {
  asked: Asked
  readonly rank: number
}

/**
 * Finishes searches after their visitor was shown the site, so that the client's next try finds its user at once. A block's
 * first search comes before any block's second: one that floods us delays only itself, and somebody new comes before all
 * whom we have searched for in vain. Of equals the latest and the one who has waited longest take turns: whoever is new in
 * a flood of others is found soon, and nobody waits for ever. A client's next try has the place of the one before it.
 */
export class BackgroundSearch {
  readonly #dependencies: BackgroundDependencies
  /** By rank, the latest last. */
  readonly #ranks: Waiting[][] = Array.from({ length: LAST_RANK + 1 }, () => [])
  /** The latest of each block, as long as it waits. */
  readonly #latest = new Map<string, Waiting>()
  #waiting = 0
  #current: Asked | undefined
  #latestIsNext = true
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
    const asked = { search, block, found }
    const before = this.#latest.get(block)
    if (before) {
      const former = before.asked
      before.asked = asked
      // It may be somebody else's behind the same address.
      this.#enter(former, Math.min(before.rank + 1, LAST_RANK))
      return true
    }
    const { vain } = this.#dependencies
    // One of theirs may wait in another worker.
    const rank = Math.min(Math.max(0, vain.of(block) - 1), LAST_RANK)
    const waiting = this.#enter(asked, rank)
    if (!waiting) return false
    vain.add(block, 1)
    this.#latest.set(block, waiting)
    if (!this.#running) this.#rest(SHORTEST_REST)
    return true
  }

  #enter(asked: Asked, rank: number): Waiting | undefined {
    if (this.#waiting >= MAX_WAITING && !this.#giveUpFor(rank)) return undefined
    const waiting = { asked, rank }
    this.#waiting++
    this.#ranks[rank]!.push(waiting)
    return waiting
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
    const { block } = waiting.asked
    if (this.#latest.get(block) === waiting) this.#latest.delete(block)
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

  #next(): Asked | undefined {
    for (const line of this.#ranks) {
      const next = this.#latestIsNext ? line.pop() : line.shift()
      if (!next) continue
      this.#latestIsNext = !this.#latestIsNext
      this.#left(next)
      // Another try or another worker may have found them meanwhile.
      next.asked.search.askAgain()
      return next.asked
    }
    return undefined
  }
}
