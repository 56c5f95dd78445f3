/** A total that does not fit what the workers hold: left by one that died between two words. */
export interface Drift {
  readonly user: number
  readonly total: number
  readonly held: number
}

/**
 * How many sessions each user has, over all workers. A claim is one compare-and-set on the user's total, so the limit holds
 * exactly whatever the workers do at the same time. What each worker holds stands beside it, and is given back when it dies.
 * The server's own sessions are counted in the same way, as those of the place behind the last user.
 */
export class SessionClaims {
  static bytes(users: number, workers: number): number {
    return (users + 1) * (workers + 2) * 4
  }

  /** The place in which the sessions of all users are counted. */
  readonly everybody: number
  readonly #words: Int32Array
  readonly #places: number
  readonly #workers: number

  constructor(shared: SharedArrayBuffer, workers: number) {
    this.#words = new Int32Array(shared)
    this.#workers = workers
    this.#places = Math.floor(this.#words.length / (workers + 2))
    this.everybody = this.#places - 1
  }

  /** @param worker from 1 */
  claim(worker: number, user: number, max: number): boolean {
    const words = this.#words
    let seen = Atomics.load(words, user)
    for (;;) {
      if (seen >= max) return false
      const before = Atomics.compareExchange(words, user, seen, seen + 1)
      if (before === seen) break
      seen = before
    }
    Atomics.add(words, this.#held(worker, user), 1)
    return true
  }

  release(worker: number, user: number): void {
    Atomics.sub(this.#words, this.#held(worker, user), 1)
    Atomics.sub(this.#words, user, 1)
  }

  live(user: number): number {
    return Atomics.load(this.#words, user)
  }

  /** The worker is dead: what it held is free. */
  forget(worker: number): void {
    for (let user = 0; user < this.#places; user++) {
      const held = Atomics.exchange(this.#words, this.#held(worker, user), 0)
      if (held !== 0) Atomics.sub(this.#words, user, held)
    }
  }

  /** Totals that do not fit. In a living house they do for a few nanoseconds; what is the same a second later is a loss. */
  drifts(): Drift[] {
    const drifts: Drift[] = []
    for (let user = 0; user < this.#places; user++) {
      const drift = this.#drift(user)
      if (drift.total !== drift.held) drifts.push(drift)
    }
    return drifts
  }

  /** Mends the drifts that have not changed since they were seen. */
  mend(seen: readonly Drift[]): void {
    for (const { user, total, held } of seen) {
      const now = this.#drift(user)
      if (now.total === total && now.held === held) Atomics.compareExchange(this.#words, user, total, held)
    }
  }

  #drift(user: number): Drift {
    let held = 0
    for (let worker = 1; worker <= this.#workers; worker++) {
      held += Atomics.load(this.#words, this.#held(worker, user))
    }
    return { user, total: Atomics.load(this.#words, user), held }
  }

  #held(worker: number, user: number): number {
    return worker * this.#places + user
  }
}
