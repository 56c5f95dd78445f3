interface Waiting {
  readonly goOn: () => void
  readonly isImpatient: () => boolean
}

const NEVER = () => false

/** Lets many take turns: one of them goes on each time the loop has looked at its sockets, so that together they cost what one does. */
export class Turns {
  readonly #nextTurn: () => Promise<void>
  #waiting: Waiting[] = []
  #running = false

  /** @param nextTurn resolves after the loop has looked at its sockets once more */
  constructor(nextTurn: () => Promise<void>) {
    this.#nextTurn = nextTurn
  }

  /**
   * Resolves when it is the caller's turn, or as soon as it is impatient: whoever has no more time for a turn must not wait
   * for those before it.
   */
  mine(isImpatient: () => boolean = NEVER): Promise<void> {
    return new Promise((goOn) => {
      this.#waiting.push({ goOn, isImpatient })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      await this.#nextTurn()
      const waiting = this.#waiting
      this.#waiting = []
      let given = false
      for (const one of waiting) {
        const impatient = one.isImpatient()
        if (!impatient && given) {
          this.#waiting.push(one)
          continue
        }
        given ||= !impatient
        one.goOn()
      }
    }
    this.#running = false
  }
}
