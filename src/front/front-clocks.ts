import type { CoarseClock } from './coarse-clock.ts'

/** A connection on a front's clock. */
export interface ClockedStay {
  /** Milliseconds until the tick that ends it. */
  readonly left: number
  /** It has ended, in whatever way; once. */
  leave(): void
}

/**
 * The clocks of the imitated fronts, one for each site and for all threads: whoever connects several times must find one
 * clock. In shared memory: for each thread how many connections each clock has there, and when each clock began.
 */
export class FrontClocks {
  readonly #begins: BigInt64Array
  readonly #open: Int32Array
  readonly #sites: number
  readonly #row: number
  readonly #now: () => number

  static bytes(rows: number, sites: number): number {
    return 8 * sites + 4 * rows * sites
  }

  /** @param now milliseconds, monotonic and the same for all threads */
  constructor(
    shared: SharedArrayBuffer,
    { sites, row }: { readonly sites: number; readonly row: number },
    now: () => number,
  ) {
    this.#begins = new BigInt64Array(shared, 0, sites)
    this.#open = new Int32Array(shared, 8 * sites)
    this.#sites = sites
    this.#row = row
    this.#now = now
    // A thread that died has left what it had.
    for (let site = 0; site < sites; site++) Atomics.store(this.#open, row * sites + site, 0)
  }

  /** @param elapsed milliseconds since the accept */
  enter(site: number, { period, ticks }: CoarseClock, elapsed: number): ClockedStay {
    const now = this.#now()
    const accepted = now - elapsed
    if (!this.#isRunning(site)) Atomics.store(this.#begins, site, BigInt(Math.round(accepted)))
    const began = Number(Atomics.load(this.#begins, site))
    const passed = Math.max(0, Math.floor((accepted - began) / period))
    const word = this.#row * this.#sites + site
    Atomics.add(this.#open, word, 1)
    let isOpen = true
    return {
      left: began + (passed + ticks) * period - now,
      leave: () => {
        if (isOpen) Atomics.sub(this.#open, word, 1)
        isOpen = false
      },
    }
  }

  #isRunning(site: number): boolean {
    for (let word = site; word < this.#open.length; word += this.#sites) {
      if (Atomics.load(this.#open, word) > 0) return true
    }
    return false
  }
}
