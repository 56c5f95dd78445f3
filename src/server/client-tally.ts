import type { Wheel } from '../net/wheel.ts'

/** Milliseconds between two messages. */
const BETWEEN_POSTS = 1000
/** Kinds of hellos of one second; more are counted together. */
const MOST_KINDS = 64
const OTHER = 'other'

/** What authentic clients have shown since the last message. */
export interface ClientCounts {
  /** Hellos, by JA4. */
  readonly hellos: readonly (readonly [ja4: string, count: number])[]
  /** Answers that were followed by an init, and by nothing, by the user's place. */
  readonly users: readonly (readonly [user: number, ok: number, silent: number])[]
}

/** One worker's counts of what has no fixed set of labels; told once a second, where there is something to tell. */
export class ClientTally {
  readonly #hellos = new Map<string, number>()
  readonly #users = new Map<number, [ok: number, silent: number]>()
  #toldAt = 0

  constructor(wheel: Wheel, post: (counts: ClientCounts) => void) {
    wheel.everyTick((now) => {
      if (now - this.#toldAt < BETWEEN_POSTS) return
      this.#toldAt = now
      this.#tell(post)
    })
  }

  hello(ja4: string): void {
    const kind = this.#hellos.has(ja4) || this.#hellos.size < MOST_KINDS ? ja4 : OTHER
    this.#hellos.set(kind, (this.#hellos.get(kind) ?? 0) + 1)
  }

  answered(user: number, withData: boolean): void {
    const counts = this.#users.get(user) ?? [0, 0]
    counts[withData ? 0 : 1]++
    this.#users.set(user, counts)
  }

  #tell(post: (counts: ClientCounts) => void): void {
    if (this.#hellos.size === 0 && this.#users.size === 0) return
    post({ hellos: [...this.#hellos], users: [...this.#users].map(([user, counts]) => [user, ...counts]) })
    this.#hellos.clear()
    this.#users.clear()
  }
}
