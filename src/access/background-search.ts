import type { Match, Search } from './search.ts'

/** Searches that wait; beyond it a new one is not begun (its client tries again). */
const MAX_WAITING = 4096
/** The worker works a quarter of the time at most for those it does not know. */
const REST_FOR_EACH_MILLISECOND = 3
const SHORTEST_REST = 1

export interface BackgroundDependencies {
  /** Milliseconds, monotonic and fine. */
  now(): number
  after(milliseconds: number, run: () => void): void
}

interface Waiting {
  readonly search: Search
  readonly found: (match: Match) => void
}

/**
 * Finishes searches after their visitor was shown the site, so that the client's next try finds its user at once. Blocks of
 * addresses take turns: a block's first search comes before any block's second, so one that floods us delays only itself.
 */
export class BackgroundSearch {
  readonly #blocks = new Map<string, Waiting[]>()
  readonly #dependencies: BackgroundDependencies
  #waiting = 0
  #running = false

  constructor(dependencies: BackgroundDependencies) {
    this.#dependencies = dependencies
  }

  get waiting(): number {
    return this.#waiting
  }

  /** @param block the network block that asks. False: too many wait already. */
  finish(search: Search, block: string, found: (match: Match) => void): boolean {
    if (this.#waiting >= MAX_WAITING) return false
    this.#waiting++
    const queue = this.#blocks.get(block)
    if (queue) queue.push({ search, found })
    else this.#blocks.set(block, [{ search, found }])
    if (!this.#running) this.#rest(SHORTEST_REST)
    return true
  }

  #rest(milliseconds: number): void {
    this.#running = true
    this.#dependencies.after(milliseconds, () => this.#work())
  }

  #work(): void {
    const began = this.#dependencies.now()
    const [block, queue] = this.#blocks.entries().next().value ?? []
    if (block === undefined || !queue) {
      this.#running = false
      return
    }
    const { search, found } = queue[0]!
    const result = search.step()
    if (result !== 'more') {
      this.#waiting--
      queue.shift()
      // To the end of the line: other blocks come first.
      this.#blocks.delete(block)
      if (queue.length > 0) this.#blocks.set(block, queue)
      if (result !== 'nobody') found(result)
    }
    const spent = this.#dependencies.now() - began
    this.#rest(Math.max(SHORTEST_REST, spent * REST_FOR_EACH_MILLISECOND))
  }
}
