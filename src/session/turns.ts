/** Lets many take turns: one of them goes on each time the loop has looked at its sockets, so that together they cost what one does. */
export class Turns {
  readonly #nextTurn: () => Promise<void>
  readonly #waiting: (() => void)[] = []
  #running = false

  /** @param nextTurn resolves after the loop has looked at its sockets once more */
  constructor(nextTurn: () => Promise<void>) {
    this.#nextTurn = nextTurn
  }

  /** Resolves when it is the caller's turn. */
  mine(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      await this.#nextTurn()
      this.#waiting.shift()?.()
    }
    this.#running = false
  }
}
