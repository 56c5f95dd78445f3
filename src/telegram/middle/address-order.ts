import { type Endpoint, formatEndpoint } from '../../net/endpoint.ts'

/** Which of several middle proxies is tried first, as experience tells. */
export class AddressOrder {
  /** Those that can be dialled and then do not become ready, with how often in a row. */
  readonly #unready = new Map<string, number>()
  /** Those that did not answer the last question of ours. */
  readonly #unanswered = new Set<string>()

  /** @param name of an address, as `formatEndpoint` writes it */
  ready(name: string): void {
    this.#unready.delete(name)
  }

  notReady(name: string): void {
    this.#unready.set(name, (this.#unready.get(name) ?? 0) + 1)
  }

  answered(name: string, answered: boolean): void {
    if (answered) this.#unanswered.delete(name)
    else this.#unanswered.add(name)
  }

  answers(name: string): boolean {
    return !this.#unanswered.has(name)
  }

  /** Whoever answers the dial and not the handshake comes after the others, and after these who answers no question. */
  sort(addresses: readonly Endpoint[]): Endpoint[] {
    const ranked = addresses.map((endpoint) => {
      const name = formatEndpoint(endpoint)
      return { endpoint, mute: Number(!this.answers(name)), failures: this.#unready.get(name) ?? 0 }
    })
    return ranked
      .toSorted((a, b) => a.mute - b.mute || a.failures - b.failures)
      .map(({ endpoint }) => endpoint)
  }
}
