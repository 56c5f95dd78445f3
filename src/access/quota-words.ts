const USED = 0
const START = 1
const WORDS = 2

/** What a quota remembers of a user: bytes since `start` (Unix seconds; 0: none yet). */
export interface QuotaUse {
  readonly start: number
  readonly used: number
}

/**
 * Bytes that each user has used in the present period, over all workers: one word, to which every read of a session adds
 * before its bytes go on. Only the supervisor begins a period, so a reset is one exchange and no byte is lost by it.
 */
export class QuotaWords {
  static bytes(users: number): number {
    return Math.max(1, users) * WORDS * 8
  }

  readonly #words: BigInt64Array

  constructor(shared: SharedArrayBuffer) {
    this.#words = new BigInt64Array(shared)
  }

  /** Returns what had been used before. */
  add(user: number, bytes: number): number {
    return Number(Atomics.add(this.#words, user * WORDS + USED, BigInt(bytes)))
  }

  /** Takes back what `add` counted for bytes that did not go on. */
  giveBack(user: number, bytes: number): void {
    Atomics.sub(this.#words, user * WORDS + USED, BigInt(bytes))
  }

  used(user: number): number {
    return Number(Atomics.load(this.#words, user * WORDS + USED))
  }

  read(user: number): QuotaUse {
    return { start: Number(Atomics.load(this.#words, user * WORDS + START)), used: this.used(user) }
  }

  /** What an earlier run has left; before the workers begin. */
  restore(user: number, { start, used }: QuotaUse): void {
    Atomics.store(this.#words, user * WORDS + USED, BigInt(used))
    Atomics.store(this.#words, user * WORDS + START, BigInt(start))
  }

  /** At least so much was used, as somebody knows who remembers longer. */
  raise(user: number, used: number): void {
    const at = user * WORDS + USED
    let seen = Atomics.load(this.#words, at)
    while (Number(seen) < used) {
      const before = Atomics.compareExchange(this.#words, at, seen, BigInt(used))
      if (before === seen) return
      seen = before
    }
  }

  /**
   * Supervisor only: the present period began at `start`. A later start than the one known begins the count anew; an
   * earlier one (a clock set back, a longer period configured) does not. True: a new period has begun.
   */
  begin(user: number, start: number): boolean {
    const known = Number(Atomics.load(this.#words, user * WORDS + START))
    if (start <= known) return false
    // The count first: whoever stores both between the two must not find the old count under the new start.
    if (known !== 0) Atomics.store(this.#words, user * WORDS + USED, 0n)
    Atomics.store(this.#words, user * WORDS + START, BigInt(start))
    return known !== 0
  }
}
