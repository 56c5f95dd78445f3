/** What the queues of all clients of a worker may hold together. */
export interface WaitingBudget {
  held: number
  readonly most: number
}

/** What a client has not taken yet, encrypted and in order; counted in a budget that many share. */
export class WaitingAnswers {
  readonly #budget: WaitingBudget
  #queue: Buffer[] = []
  /** Of the first, how much is gone already. */
  #taken = 0
  #length = 0

  constructor(budget: WaitingBudget) {
    this.#budget = budget
  }

  /** Bytes. */
  get length(): number {
    return this.#length
  }

  push(bytes: Buffer): void {
    this.#queue.push(bytes)
    this.#count(bytes.length)
  }

  /** The next bytes, at most so many: a view of what was pushed where one piece is enough. */
  take(room: number): Buffer {
    const parts: Buffer[] = []
    let length = 0
    let whole = 0
    while (length < room && whole < this.#queue.length) {
      const first = this.#queue[whole]!
      const part = first.subarray(this.#taken, this.#taken + room - length)
      parts.push(part)
      length += part.length
      this.#taken += part.length
      if (this.#taken < first.length) break
      whole++
      this.#taken = 0
    }
    if (whole > 0) this.#queue.splice(0, whole)
    this.#count(-length)
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, length)
  }

  clear(): void {
    this.#count(-this.#length)
    this.#queue = []
    this.#taken = 0
  }

  #count(bytes: number): void {
    this.#length += bytes
    this.#budget.held += bytes
  }
}
