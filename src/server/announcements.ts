/** Beyond so many what nobody listens to is lost. */
const MOST_KEPT = 100

/** Events for whoever listens. The first may come before anybody does: they are kept for the first listener. */
export class Announcements<Event> {
  readonly #listeners = new Set<(event: Event) => void>()
  #kept: Event[] = []

  say(event: Event): void {
    if (this.#listeners.size > 0) for (const listener of this.#listeners) listener(event)
    else if (this.#kept.length < MOST_KEPT) this.#kept.push(event)
  }

  /** @returns what came before anybody listened */
  on(listener: (event: Event) => void): readonly Event[] {
    this.#listeners.add(listener)
    const kept = this.#kept
    this.#kept = []
    return kept
  }
}
