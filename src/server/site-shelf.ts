import { isDeepStrictEqual } from 'node:util'
import type { SiteFacts } from '../front/site.ts'
import { KnownSite } from '../session/known-site.ts'
import type { PlacedProfiles } from './profile-keeping.ts'
import type { PlacedSite } from './site-book.ts'
import type { PlacedFacts } from './site-learning.ts'

/** The sites as one worker knows them: what live answers have corrected stays while a site stays the same. */
export class SiteShelf {
  #known = new Map<number, { readonly site: KnownSite; readonly facts: SiteFacts | undefined }>()
  #wantRoutes = false

  /** Some site wants a PROXY header. */
  get wantRoutes(): boolean {
    return this.#wantRoutes
  }

  put(sites: readonly PlacedSite[], facts: PlacedFacts, profiles: PlacedProfiles): KnownSite[] {
    const before = this.#known
    this.#wantRoutes = sites.some(({ site: { proxyProtocol = 'off' } }) => proxyProtocol !== 'off')
    const entries = sites.map(({ place, site }) => {
      const known = before.get(place)
      const isSame =
        known && isDeepStrictEqual(known.site.site, site) && isDeepStrictEqual(known.facts, facts[place])
      const kept = isSame ? known : { site: new KnownSite(site, place, facts[place]), facts: facts[place] }
      kept.site.profile = profiles[place]
      return [place, kept] as const
    })
    this.#known = new Map(entries)
    return entries.map(([, { site }]) => site)
  }
}
