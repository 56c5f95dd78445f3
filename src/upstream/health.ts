/** Milliseconds out of turn after the first failure, doubled by each further one up to the last. */
const FIRST_REST = 5000
const LONGEST_REST = 60_000

interface Ailment {
  failures: number
  until: number
}

/** What has failed lately and is therefore tried after everything else, until its rest is over. */
export class Health {
  readonly #ailments = new Map<string, Ailment>()

  failed(key: string, now: number): void {
    const failures = (this.#ailments.get(key)?.failures ?? 0) + 1
    const rest = Math.min(LONGEST_REST, FIRST_REST * 2 ** (failures - 1))
    this.#ailments.set(key, { failures, until: now + rest })
  }

  worked(key: string): void {
    this.#ailments.delete(key)
  }

  /** True while it rests. When the rest is over one who asks is told false, and the others wait for what becomes of that. */
  rests(key: string, now: number): boolean {
    const ailment = this.#ailments.get(key)
    if (!ailment) return false
    if (now < ailment.until) return true
    ailment.until = now + FIRST_REST
    return false
  }

  /** Without taking a turn. */
  isAiling(key: string): boolean {
    return this.#ailments.has(key)
  }
}
