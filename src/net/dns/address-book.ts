/** Names whose addresses are kept at a time. */
const MOST_NAMES = 1024

export interface KnownName {
  /** In the order of trying; empty: the name leads nowhere. */
  readonly addresses: readonly string[]
  /** Milliseconds of the book's clock. */
  readonly since: number
  readonly freshUntil: number
}

/** What was last heard of names, the least lately asked for forgotten first. */
export class AddressBook {
  readonly #names = new Map<string, KnownName>()

  get(name: string): KnownName | undefined {
    const known = this.#names.get(name)
    if (known) {
      this.#names.delete(name)
      this.#names.set(name, known)
    }
    return known
  }

  put(name: string, known: KnownName): void {
    this.#names.delete(name)
    this.#names.set(name, known)
    if (this.#names.size <= MOST_NAMES) return
    const [oldest] = this.#names.keys()
    if (oldest !== undefined) this.#names.delete(oldest)
  }

  get size(): number {
    return this.#names.size
  }
}
