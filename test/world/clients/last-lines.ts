const MOST_LINES = 120
const LONGEST_ARGUMENT = 60
/** Less than a test may take, so that the reason comes before the limit. */
const PATIENCE = 100_000

/** What a client said last of itself, for whoever wants to know why it stands still. */
export class LastLines {
  readonly #lines: string[] = []

  add(tag: string, text: string, args: readonly unknown[]): void {
    const shown = args.map((arg) => String(arg).slice(0, LONGEST_ARGUMENT)).join(' ')
    this.#lines.push(`${new Date().toISOString()} ${tag} ${text} | ${shown}`)
    if (this.#lines.length > MOST_LINES) this.#lines.shift()
  }

  /** The outcome, or an error with these lines when there is none for long. */
  async orTell<Outcome>(outcome: Promise<Outcome>, what: string): Promise<Outcome> {
    let timer: NodeJS.Timeout | undefined
    const stalled = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${what} stands still:\n${this.#lines.join('\n')}`)),
        PATIENCE,
      )
    })
    try {
      return await Promise.race([outcome, stalled])
    } finally {
      clearTimeout(timer)
    }
  }
}
