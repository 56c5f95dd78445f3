import { isIP, isIPv6 } from 'node:net'
import { AddressBook, type KnownName } from './address-book.ts'
import { type AskServer, type Found, serverAsker } from './ask-server.ts'
import type { DnsServer } from './server.ts'
import { systemLookup } from './system-lookup.ts'

/** Whatever a TTL says, milliseconds: less would ask at every connection, more would miss a move. */
const SHORTEST_LIFE = 5000
const LONGEST_LIFE = 60 * 60_000
/** The system tells no TTL. */
const USUAL_LIFE = 30_000
const LONGEST_LIFE_OF_NOTHING = 60_000
/** In this last part of its life a name that is asked for is asked about again, so that nobody waits for it. */
const REFRESH_AT = 0.8
/** How old an answer may be that is used because there is no newer one (RFC 8767 §4: one to three days). */
const LONGEST_STALE = 24 * 60 * 60_000
/** So long a name with an old answer waits for a new one. */
const STALE_PATIENCE = 500
/** After a question that nobody answered (RFC 8767 §5: the failure recheck timer). */
const REST_AFTER_FAILURE = 10_000
/** For one server, and how many are tried. */
const PATIENCE = 3000
const LOOPBACK = ['127.0.0.1', '::1']

/** How a name was found: for whoever counts. */
export type LookupResult = 'cached' | 'ok' | 'none' | 'stale' | 'failed'

export interface ResolverOptions {
  /** In the order of asking: the next only where one gives no answer. */
  readonly servers: readonly DnsServer[]
  /** Addresses by name in lower case; nobody is asked for these. */
  readonly hosts: Readonly<Record<string, readonly string[]>>
}

export interface ResolverDependencies {
  /** Milliseconds, monotonic. */
  now(): number
  /** False: IPv6 addresses are tried last. */
  hasIPv6(): boolean
  counted?(result: LookupResult): void
  failed?(name: string, server: DnsServer, error: unknown): void
  /** Of a name for which the server gives no answer. */
  readonly ask?: AskServer
}

/** Where a name leads could not be learned. */
export class LookupError extends Error {
  readonly code = 'EAI_AGAIN'
  readonly hostname: string

  constructor(name: string, cause: unknown) {
    super(`no DNS server answers for ${name}`, { cause })
    this.name = 'LookupError'
    this.hostname = name
  }
}

/**
 * Addresses of names, by the operator's own entries, else by the servers, kept for as long as they say. Of callers who ask
 * for the same name at a time one asks the servers; an old answer is better than none.
 */
export class Resolver {
  readonly #options: ResolverOptions
  readonly #dependencies: ResolverDependencies
  readonly #ask: AskServer
  readonly #book = new AddressBook()
  readonly #asking = new Map<string, Promise<KnownName>>()
  readonly #restUntil = new Map<string, number>()

  constructor(options: ResolverOptions, dependencies: ResolverDependencies) {
    this.#options = options
    this.#dependencies = dependencies
    // A server that is given by name: by the operator's entry, or as the system knows it, and never by itself.
    this.#ask = dependencies.ask ?? serverAsker(async (name) => this.#own(name) ?? (await systemLookup(name)))
  }

  /**
   * In the order of trying, families in turn (RFC 8305 §4); empty: the name leads nowhere.
   * @throws LookupError where nobody can say
   */
  async addresses(host: string): Promise<readonly string[]> {
    const name = host.toLowerCase().replace(/\.$/, '')
    const own = isIP(name) === 0 ? this.#own(name) : [name]
    if (own) return own
    const known = this.#book.get(name)
    const now = this.#dependencies.now()
    if (known && now < known.freshUntil) {
      if (now >= known.since + (known.freshUntil - known.since) * REFRESH_AT)
        void this.#refresh(name).catch(nothing)
      this.#count('cached')
      return known.addresses
    }
    const isUsable = known !== undefined && known.addresses.length > 0 && now - known.since < LONGEST_STALE
    if (!isUsable) return this.#fresh(name)
    const newer = await within(this.#refresh(name), STALE_PATIENCE)
    this.#count(newer ? outcome(newer) : 'stale')
    return (newer ?? known).addresses
  }

  async #fresh(name: string): Promise<readonly string[]> {
    try {
      const found = await this.#refresh(name)
      this.#count(outcome(found))
      return found.addresses
    } catch (error) {
      this.#count('failed')
      throw new LookupError(name, error)
    }
  }

  #own(name: string): readonly string[] | undefined {
    if (Object.hasOwn(this.#options.hosts, name)) return this.#options.hosts[name]
    // RFC 6761 §6.3: never a question for a server.
    return name === 'localhost' || name.endsWith('.localhost') ? LOOPBACK : undefined
  }

  /** One question at a time for a name, and none soon after one that nobody answered. */
  #refresh(name: string): Promise<KnownName> {
    const asking = this.#asking.get(name)
    if (asking) return asking
    const { now } = this.#dependencies
    const known = this.#book.get(name)
    if (known && now() < (this.#restUntil.get(name) ?? 0))
      return Promise.reject(new Error('asked a moment ago'))
    const begun = this.#askServers(name)
      .then((found) => {
        this.#restUntil.delete(name)
        const fresh = this.#keep(name, found)
        return fresh
      })
      .catch((error: unknown) => {
        if (known) this.#restUntil.set(name, now() + REST_AFTER_FAILURE)
        throw error
      })
      .finally(() => this.#asking.delete(name))
    this.#asking.set(name, begun)
    return begun
  }

  async #askServers(name: string): Promise<Found> {
    let problem: unknown
    // Names of one label are this host's or its containers' own and are nobody else's to know.
    const servers = name.includes('.') ? this.#options.servers : [{ kind: 'system' } as const]
    for (const server of servers) {
      try {
        return await this.#ask(server, name, AbortSignal.timeout(PATIENCE))
      } catch (error) {
        problem = error
        this.#dependencies.failed?.(name, server, error)
      }
    }
    throw problem
  }

  #keep(name: string, { state, ttl, ...more }: Found): KnownName {
    const addresses = 'addresses' in more ? more.addresses : []
    const longest = state === 'found' ? LONGEST_LIFE : LONGEST_LIFE_OF_NOTHING
    const life = Math.min(longest, Math.max(SHORTEST_LIFE, ttl === undefined ? USUAL_LIFE : ttl * 1000))
    const since = this.#dependencies.now()
    const known = {
      addresses: inTurns(addresses, this.#dependencies.hasIPv6()),
      since,
      freshUntil: since + life,
    }
    this.#book.put(name, known)
    return known
  }

  #count(result: LookupResult): void {
    this.#dependencies.counted?.(result)
  }
}

function outcome({ addresses }: KnownName): LookupResult {
  return addresses.length > 0 ? 'ok' : 'none'
}

function nothing(): void {}

/** Families in turn, IPv6 first where this host has it, so that one that is broken costs one attempt. */
function inTurns(addresses: readonly string[], hasIPv6: boolean): string[] {
  const six = addresses.filter(isIPv6)
  const four = addresses.filter((address) => !isIPv6(address))
  if (!hasIPv6) return [...four, ...six]
  return Array.from({ length: Math.max(six.length, four.length) }, (_, index) => [six[index], four[index]])
    .flat()
    .filter((address) => address !== undefined)
}

/** Undefined: too late, or failed. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    return await Promise.race([promise.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}
