const WINDOW = 1_000
/** Different events remembered in one window; beyond it they are counted together. */
const MAX_EVENTS = 500

interface Seen<L> {
  level: L
  event: string
  count: number
  held: number
}

/**
 * Lets so many identical events a second through and counts the others: a flood of visitors must not become a flood
 * of lines. When the second is over, `report` gets each event of which some were held back, and how many.
 */
export class RateGuard<L extends string> {
  readonly #limit: number
  readonly #now: () => number
  readonly #report: (level: L, event: string, held: number) => void
  readonly #seen = new Map<string, Seen<L>>()
  #since = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(limit: number, now: () => number, report: (level: L, event: string, held: number) => void) {
    this.#limit = limit
    this.#now = now
    this.#report = report
  }

  /** `times`: for how many the event stands, where another guard has already held some back. */
  admits(level: L, event: string, times = 1): boolean {
    const now = this.#now()
    if (now - this.#since >= WINDOW || now < this.#since) {
      this.flush()
      this.#since = now
    }
    const seen = this.#seenFor(level, event)
    seen.count++
    if (seen.count <= this.#limit) return true
    seen.held += times
    // The flood may end here, and then nobody would come by to report it.
    this.#timer ??= setTimeout(() => this.flush(), WINDOW).unref()
    return false
  }

  /** Reports what was held back until now, and begins anew. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const held = [...this.#seen.values()].filter((seen) => seen.held > 0)
    this.#seen.clear()
    for (const seen of held) this.#report(seen.level, seen.event, seen.held)
  }

  #seenFor(level: L, event: string): Seen<L> {
    const full = this.#seen.size >= MAX_EVENTS
    const key = `${level} ${event}`
    const known = this.#seen.get(key) ?? (full ? this.#seen.get('') : undefined)
    if (known) return known
    const fresh = { level, event: full ? 'other events' : event, count: 0, held: 0 }
    this.#seen.set(full ? '' : key, fresh)
    return fresh
  }
}
