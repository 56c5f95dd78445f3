import { wildcardOver } from '../config/host-name.ts'

export interface SiteChoice<S> {
  readonly site: S
  /** False where the name matched nothing (or was absent) and the default site was taken. */
  readonly known: boolean
}

/** Chooses a site by the SNI of a hello. */
export type SiteChooser<S> = (serverName: string | undefined) => SiteChoice<S>

/**
 * An exact name wins over a wildcard; `*.example.org` covers exactly one label (`wildcardOver`);
 * everything else is the first site's. Where a name is listed twice the first entry counts.
 * @throws RangeError for an empty list
 */
export function siteChooser<S extends { readonly domain: string }>(sites: readonly S[]): SiteChooser<S> {
  const fallback = sites[0]
  if (fallback === undefined) throw new RangeError('at least one site is needed')
  const byName = new Map<string, S>()
  for (const site of sites) {
    const name = normalName(site.domain)
    if (!byName.has(name)) byName.set(name, site)
  }
  return (serverName) => {
    if (serverName === undefined) return { site: fallback, known: false }
    const name = normalName(serverName)
    const site = isWildcard(name) ? undefined : (byName.get(name) ?? byName.get(wildcardOver(name)))
    return site ? { site, known: true } : { site: fallback, known: false }
  }
}

/** The name a probe sends to a site: for `*.example.org` a name under it. */
export function nameToAsk(domain: string): string {
  return isWildcard(domain) ? `www${domain.slice(1)}` : domain
}

function isWildcard(name: string): boolean {
  return name.startsWith('*.')
}

function normalName(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}
