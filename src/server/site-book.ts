import type { Config } from '../config/schema.ts'
import type { Site } from '../front/site.ts'
import { usualAddress } from '../front/usual-address.ts'
import type { NameLookups } from '../net/reverse-name.ts'
import type { Log } from '../telemetry/log.ts'
import type { Change } from './change.ts'
import { ServeError } from './serve-error.ts'

/** Places of one run: what all threads share of a site is laid out for so many. */
export const MAX_SITES = 255
/** Strangers who look at a built-in site that is no longer one may finish. */
const FAREWELL_MILLISECONDS = 30_000

/** A site with its number in this run: it keeps it, also when others come and go. */
export interface PlacedSite {
  readonly place: number
  readonly site: Site
}

interface OpenSite {
  /** What the configuration says of it: the same is the same site. */
  readonly key: string
  readonly site: Site
  close(): Promise<void>
}

type Configured = Pick<Config, 'front' | 'state' | 'public_addresses'>

export interface SiteBookDependencies {
  readonly log: Log
  readonly lookups: Pick<NameLookups, 'addresses'>
  /** Those by which a name could lead to this host. */
  ownAddresses(config: Configured): readonly string[]
}

/** The sites, each with where it really listens. The built-in ones are started, each in a thread of its own. */
export class SiteBook {
  /** By place, those that were ever one. */
  readonly domains: string[] = []
  readonly #dependencies: SiteBookDependencies
  readonly #open: (OpenSite | undefined)[] = []
  #current: readonly PlacedSite[] = []
  readonly #leaving = new Set<OpenSite>()

  constructor(dependencies: SiteBookDependencies) {
    this.#dependencies = dependencies
  }

  get current(): readonly PlacedSite[] {
    return this.#current
  }

  /**
   * Opens the sites that are new; those that are gone are closed after the commit.
   * @throws BuiltInSiteError, ServeError
   */
  async prepare(config: Configured): Promise<Change & { readonly sites: readonly PlacedSite[] }> {
    const opened: { place: number; open: OpenSite }[] = []
    const sites: PlacedSite[] = []
    const discard = () => {
      for (const { place, open } of opened) {
        if (this.#open[place] === open) this.#open[place] = undefined
        void open.close()
      }
    }
    try {
      for (const { key, start } of wanted(config, this.#dependencies)) {
        const known = this.#open.findIndex((each) => each?.key === key)
        const place = known >= 0 ? known : this.#freePlace(sites)
        if (known < 0) {
          const open = { key, ...(await start()) }
          this.#open[place] = open
          opened.push({ place, open })
        }
        sites.push({ place, site: this.#open[place]!.site })
      }
    } catch (error) {
      discard()
      throw error
    }
    return { sites, commit: () => this.#commit(sites), discard }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open, ...this.#leaving].map(async (each) => each?.close()))
  }

  #commit(sites: readonly PlacedSite[]): void {
    this.#current = sites
    for (const { place, site } of sites) this.domains[place] = site.domain
    const kept = new Set(sites.map(({ place }) => place))
    this.#open.forEach((each, place) => {
      if (!each || kept.has(place)) return
      this.#open[place] = undefined
      this.#leaving.add(each)
      setTimeout(() => {
        this.#leaving.delete(each)
        void each.close()
      }, FAREWELL_MILLISECONDS).unref()
    })
  }

  /** One that nobody ever had, as long as there is one: what is known of a site's users is known by its place. */
  #freePlace(taken: readonly PlacedSite[]): number {
    const fresh = Math.max(this.domains.length, this.#open.length)
    if (fresh < MAX_SITES) return fresh
    const used = new Set(taken.map(({ place }) => place))
    for (let place = 0; place < MAX_SITES; place++) {
      if (!used.has(place) && this.#open[place] === undefined) return place
    }
    throw new ServeError('too_many_sites', 78, `portico serves at most ${MAX_SITES} sites`)
  }
}

function wanted(config: Configured, { log, lookups, ownAddresses }: SiteBookDependencies) {
  const { front, state } = config
  return [front, ...front.site].map(({ domain, address, proxy_protocol: own }) => {
    const proxyProtocol = own ?? front.proxy_protocol
    const key = JSON.stringify([domain, address, proxyProtocol, front.root])
    const start = async (): Promise<Omit<OpenSite, 'key'>> => {
      const endpoint = address ?? (await usualAddress(domain, ownAddresses(config), lookups))
      if (endpoint !== 'built-in') return { site: { domain, endpoint, proxyProtocol }, close: async () => {} }
      // Most servers have a front of their own: what only the built-in site needs is loaded for it alone.
      const { startBuiltInSite } = await import('../front/built-in/start.ts')
      const site = await startBuiltInSite({ domain, stateDir: state.dir, root: front.root }, { log })
      return { site: { domain, endpoint: site.endpoint, builtIn: true }, close: () => site.close() }
    }
    return { key, start }
  })
}
