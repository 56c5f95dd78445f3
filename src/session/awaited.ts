/** One thing that somebody waits for: whoever asks gets the first that is told from then on. */
export class Awaited<T> {
  #tell: ((value: T) => void) | undefined

  /** Whether somebody waits. */
  get isAsked(): boolean {
    return this.#tell !== undefined
  }

  ask(): Promise<T> {
    return new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  /** False: nobody waits, and nobody will hear of it. */
  tell(value: T): boolean {
    const tell = this.#tell
    this.#tell = undefined
    tell?.(value)
    return tell !== undefined
  }
}
