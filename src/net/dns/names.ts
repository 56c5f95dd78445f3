import { isIPv6, type LookupFunction } from 'node:net'
import type { Resolver } from './resolver.ts'

/** RFC 8305 §5: the next address is tried after so long; longer where the last one that worked took longer. */
const PATIENCE = 250
const LONGEST_PATIENCE = 2000
/** Names whose best address is remembered. */
const MOST_NAMES = 1024

interface Experience {
  readonly address: string
  readonly milliseconds: number
}

/** Names as connections are dialled by them: the address that answered last is tried first. */
export class Names {
  readonly #resolver: Pick<Resolver, 'addresses'>
  readonly #worked = new Map<string, Experience>()

  constructor(resolver: Pick<Resolver, 'addresses'>) {
    this.#resolver = resolver
  }

  /** In the order of trying; empty: it leads nowhere. @throws LookupError where nobody can say */
  async addresses(host: string): Promise<readonly string[]> {
    const found = await this.#resolver.addresses(host)
    const best = this.#worked.get(host)?.address
    return best === undefined || found[0] === best || !found.includes(best)
      ? found
      : [best, ...found.filter((address) => address !== best)]
  }

  /** Milliseconds that one address has before the next is tried: whole ones, for `connect` of node:net throws at others. */
  patience(host: string): number {
    const took = this.#worked.get(host)?.milliseconds ?? 0
    return Math.min(LONGEST_PATIENCE, Math.max(PATIENCE, Math.round(took * 2)))
  }

  connected(host: string, address: string, milliseconds: number): void {
    this.#worked.delete(host)
    this.#worked.set(host, { address, milliseconds })
    if (this.#worked.size <= MOST_NAMES) return
    const [oldest] = this.#worked.keys()
    if (oldest !== undefined) this.#worked.delete(oldest)
  }

  /** None of its addresses answered: the next dial begins without a favourite. */
  failed(host: string): void {
    this.#worked.delete(host)
  }

  /** For `connect` of node:net. @param bind an address of this host: only its family can be reached from there */
  lookup(bind?: string): LookupFunction {
    return (host, options, callback) => {
      const wanted = bind === undefined ? options.family : isIPv6(bind) ? 6 : 4
      const finish = (error: NodeJS.ErrnoException | null, addresses: readonly string[]) => {
        const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
        const fit = wanted === 4 || wanted === 6 ? found.filter(({ family }) => family === wanted) : found
        const [first] = fit
        if (error || !first) callback(error ?? notFound(host), '', 0)
        else if (options.all === true) callback(null, fit)
        else callback(null, first.address, first.family)
      }
      // In a turn of its own: what the callback throws is not this promise's.
      void this.#outcome(host).then(({ error, addresses }) => process.nextTick(finish, error, addresses))
    }
  }

  async #outcome(
    host: string,
  ): Promise<{ error: NodeJS.ErrnoException | null; addresses: readonly string[] }> {
    try {
      return { error: null, addresses: await this.addresses(host) }
    } catch (error) {
      return { error: error as NodeJS.ErrnoException, addresses: [] }
    }
  }
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} leads nowhere`), { code: 'ENOTFOUND', hostname: host })
}
